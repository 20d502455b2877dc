-- What could not be published or applied: every item whole, with its history, until it is purged.
CREATE TABLE dead_letters (
    -- UUIDv5 of where it failed, so that a crash which repeats the failure repeats the id.
    id              uuid        NOT NULL PRIMARY KEY,
    position        bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    source          text        NOT NULL CHECK (source IN ('relay', 'projector', 'participant')),
    reason          text        NOT NULL
                    CHECK (reason IN ('max_retries_exceeded', 'circuit_breaker_open',
                                      'invalid_data', 'service_error', 'timeout')),
    error_message   text        NOT NULL,
    -- Where the record was read, or should have gone: then without partition and offset.
    topic           text        NOT NULL,
    partition       integer,
    "offset"        bigint,
    outbox_id       uuid, -- of a relay's item
    -- The record, byte for byte.
    key             bytea,
    value           bytea,
    header_names    text[]      NOT NULL,
    header_values   bytea[]     NOT NULL,
    -- What could be read of it.
    aggregate_type  text,
    aggregate_id    text,
    version         bigint,
    event_type      text,
    retry_count     integer     NOT NULL,
    failed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    metadata        jsonb       NOT NULL,
    -- open: waits for somebody. requeued: its owner tries again. discarded: given up, by whom and
    -- why. resolved: published, or applied, or found to be no part of any stream.
    state           text        NOT NULL DEFAULT 'open'
                    CHECK (state IN ('open', 'requeued', 'discarded', 'resolved')),
    acted_by        text,
    action_reason   text,
    state_since     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- On the dead-letter topic.
    published_at    timestamptz
);

CREATE INDEX dead_letters_unresolved ON dead_letters (source, position)
    WHERE state IN ('open', 'requeued');
CREATE INDEX dead_letters_of_aggregate ON dead_letters (aggregate_id, position);
CREATE INDEX dead_letters_unpublished ON dead_letters (position) WHERE published_at IS NULL;
CREATE UNIQUE INDEX dead_letters_outbox ON dead_letters (outbox_id) WHERE outbox_id IS NOT NULL;
