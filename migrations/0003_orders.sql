-- The current state of each order: what the next command is checked against, and what a person
-- with psql looks at. `state` is the aggregate; the generated columns show its parts.
CREATE TABLE orders (
    id            text        NOT NULL CONSTRAINT orders_pkey PRIMARY KEY,
    version       bigint      NOT NULL,
    state         json        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    status        text        NOT NULL GENERATED ALWAYS AS (state ->> 'status') STORED,
    customer_id   text        NOT NULL GENERATED ALWAYS AS (state ->> 'customerId') STORED,
    restaurant_id text        NOT NULL GENERATED ALWAYS AS (state ->> 'restaurantId') STORED,
    total_amount  numeric(15, 2) NOT NULL
                  GENERATED ALWAYS AS ((state ->> 'totalAmount')::numeric) STORED
);
