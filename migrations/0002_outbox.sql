-- What still has to go to Kafka, and, for a while, what went: one row an event, written by the
-- statement that appends the event.
CREATE TABLE outbox (
    id              uuid        NOT NULL, -- the event's id
    aggregate_type  text        NOT NULL,
    aggregate_id    text        NOT NULL,
    event_type      text        NOT NULL,
    payload         json        NOT NULL, -- json, not jsonb: the record's value, byte for byte
    created_at      timestamptz NOT NULL DEFAULT now(),
    published_at    timestamptz,
    status          text        NOT NULL DEFAULT 'PENDING'
                    CHECK (status IN ('PENDING', 'PUBLISHED', 'FAILED')),
    -- Ascends with the version within an aggregate.
    position        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- (murmur2(aggregate_id) & 0x7fffffff) % 64: one relay at a time works on a slot, and a slot
    -- feeds one partition.
    slot            smallint    NOT NULL CHECK (slot BETWEEN 0 AND 63),
    topic           text        NOT NULL,
    version         bigint      NOT NULL,
    headers         json        NOT NULL, -- the record's headers: {"name": "value"}
    attempts        integer     NOT NULL DEFAULT 0,
    last_error      text,
    next_attempt_at timestamptz,
    CONSTRAINT outbox_stream_key UNIQUE (aggregate_type, aggregate_id, version)
) WITH (
    -- Every row is updated once and deleted days later: vacuum by rows, not by a share of them.
    autovacuum_vacuum_scale_factor = 0.0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0.0,
    autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX outbox_pending ON outbox (slot, position) WHERE status = 'PENDING';
