-- Answers that a caller gets again under the same key. A key comes with the events of its command,
-- in one statement; there is none without an answer.
CREATE TABLE idempotency_keys (
    caller      text        NOT NULL,
    key         text        NOT NULL,
    -- Of the request: another request under the same key is a mistake of the caller's.
    fingerprint bytea       NOT NULL,
    status      smallint    NOT NULL,
    headers     json        NOT NULL, -- {"name": "value"}
    body        bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL, -- from then on the row counts as absent
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller, key)
);

CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
