-- All events of all streams of this schema. The columns up to `metadata` are what postgres-es reads.
CREATE TABLE events (
    aggregate_type text   NOT NULL,
    aggregate_id   text   NOT NULL,
    sequence       bigint NOT NULL CHECK (sequence > 0),
    event_type     text   NOT NULL,
    event_version  text   NOT NULL,
    payload        json   NOT NULL,
    -- correlationId, causationId, occurredOn (RFC 3339, UTC, six digits: sorts as text)
    metadata       json   NOT NULL,
    -- Ascends within an aggregate. Across aggregates numbers become visible out of order: never
    -- a cursor over the whole table without guarding against transactions in flight.
    position       bigint GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT events_pkey PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);
