-- The rows that are there already, in a transaction of its own: it holds up nobody, while the one before does for a moment.
-- depends: 0021.settle-status-check

ALTER TABLE orders VALIDATE CONSTRAINT orders_status_check;
