-- Which relay works on which slot. A lease ends by this database's clock.
CREATE TABLE relay_slots (
    slot         smallint    NOT NULL PRIMARY KEY CHECK (slot BETWEEN 0 AND 63),
    -- Raised whenever the slot is taken: what a former holder still wants to say is told by it.
    epoch        bigint      NOT NULL DEFAULT 0,
    relay        text, -- NULL: nobody
    leased_until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO relay_slots (slot) SELECT generate_series(0, 63);

-- The relays that share the slots: each is entitled to an equal part as long as it says it lives.
CREATE TABLE relays (
    relay       text        NOT NULL PRIMARY KEY,
    alive_until timestamptz NOT NULL
);

-- A row that was refused holds its key until it is published. While `next_attempt_at` stands, the
-- row is the first unpublished one of its aggregate, and what follows it waits. FAILED: attempts
-- are used up, and a dead letter is written; 'infinity' waits for somebody to act on that.
ALTER TABLE outbox
    ADD CONSTRAINT outbox_held_until_published
        CHECK (CASE status WHEN 'PUBLISHED' THEN next_attempt_at IS NULL
                           WHEN 'FAILED' THEN next_attempt_at IS NOT NULL
                           ELSE true END),
    -- Rows are short-lived, and the relay counts their bytes before it reads them.
    ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX outbox_held ON outbox (aggregate_type, aggregate_id)
    WHERE next_attempt_at IS NOT NULL;
