ALTER TABLE order_voids ALTER COLUMN order_id TYPE integer;

ALTER TABLE order_items
    ALTER COLUMN order_item_id TYPE integer,
    ALTER COLUMN order_id TYPE integer;

ALTER TABLE orders ALTER COLUMN order_id TYPE integer;
