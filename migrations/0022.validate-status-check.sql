-- Validates existing rows in a separate transaction, which blocks nobody; the previous migration blocks for a moment.
-- depends: 0021.settle-status-check

ALTER TABLE orders VALIDATE CONSTRAINT orders_status_check;
