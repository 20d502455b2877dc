-- The orders are somebody else's.
DROP TABLE orders;

-- What one order's customer is told.
CREATE TABLE notifications (
    id         text CONSTRAINT notifications_pkey PRIMARY KEY,
    version    bigint NOT NULL,
    state      json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Notifications with a mail that is still to be sent. (A text of a customer's cannot look like this: its
-- quotes would be escaped.)
CREATE INDEX notifications_due ON notifications (updated_at) WHERE state::text LIKE '%"is":"due"%';
