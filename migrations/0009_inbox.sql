-- What a consumer has taken in: written by the statement that appends what came of it.
CREATE TABLE processed_events (
    consumer     text NOT NULL,
    event_id     uuid NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT processed_events_pkey PRIMARY KEY (consumer, event_id)
);

-- For clearing away what is old: rows come in about this order.
CREATE INDEX processed_events_age ON processed_events USING brin (processed_at);

-- Records of keys that are blocked, in the order they came in: the first one of a key is the one that
-- could not be taken in, and has a dead letter. A key is blocked while it has a row here.
CREATE TABLE waiting_records (
    position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer       text NOT NULL,
    key            bytea NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint NOT NULL,
    value          bytea,
    header_names   text[] NOT NULL,
    header_values  bytea[] NOT NULL,
    dead_letter_id uuid,
    waits_since    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT waiting_records_place_key UNIQUE (consumer, topic, partition, "offset")
);

CREATE INDEX waiting_records_key ON waiting_records (consumer, key, position);
