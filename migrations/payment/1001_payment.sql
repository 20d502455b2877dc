-- The orders are somebody else's.
DROP TABLE orders;

-- One order's payment.
CREATE TABLE payments (
    id         text CONSTRAINT payments_pkey PRIMARY KEY,
    version    bigint NOT NULL,
    state      json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Payments about which the provider is to be asked something: to make an intent, to stop it, or to give
-- back what was taken. (The aggregate says which; a test compares.)
CREATE INDEX payments_wishes ON payments (updated_at)
    WHERE state ->> 'requested' IS NOT NULL
      AND CASE state ->> 'captured'
              WHEN 'true' THEN state ->> 'refunded' = 'false'
                  AND (state ->> 'closed' IS NOT NULL OR state ->> 'failed' IS NOT NULL)
              ELSE state ->> 'cancelled' = 'false' AND state ->> 'failed' IS NULL
                  AND (state ->> 'closed' IS NOT NULL OR state ->> 'intentId' IS NULL)
          END;
