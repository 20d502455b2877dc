-- Replays that have begun and not ended: how far each has come, so that the same command goes on
-- there after whatever ended it.
CREATE TABLE replays (
    selection     text        NOT NULL,
    topic         text        NOT NULL,
    -- Changes whenever a process takes the replay up: one that had it before is told by it.
    run           uuid        NOT NULL DEFAULT gen_random_uuid(),
    -- The last event that was dealt with.
    after_id      text        NOT NULL DEFAULT '',
    after_version bigint      NOT NULL DEFAULT 0,
    -- An aggregate with an event that could not be replayed: its later ones are left out.
    stuck_id      text,
    read          bigint      NOT NULL DEFAULT 0,
    published     bigint      NOT NULL DEFAULT 0,
    unpublished   bigint      NOT NULL DEFAULT 0,
    faulty        bigint      NOT NULL DEFAULT 0,
    behind        bigint      NOT NULL DEFAULT 0,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT replays_pkey PRIMARY KEY (selection, topic)
);
