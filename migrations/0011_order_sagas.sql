-- Orders whose saga has not ended, for those that are to be given up.
CREATE INDEX orders_saga_open ON orders (created_at)
    WHERE state -> 'saga' IS NOT NULL
      AND status IN ('PENDING', 'STOCK_RESERVED', 'PAYMENT_PENDING', 'PAYMENT_PROCESSING',
                     'PAYMENT_FAILED');
