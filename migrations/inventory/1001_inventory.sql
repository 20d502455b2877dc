-- The orders are somebody else's.
DROP TABLE orders;

-- What one order has of the stock.
CREATE TABLE reservations (
    id         text CONSTRAINT reservations_pkey PRIMARY KEY,
    version    bigint NOT NULL,
    state      json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- One item's stock in one store.
CREATE TABLE stock (
    id         text CONSTRAINT stock_pkey PRIMARY KEY,
    version    bigint NOT NULL,
    state      json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
