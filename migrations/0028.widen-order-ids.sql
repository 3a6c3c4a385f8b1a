-- A thousand busy stores use up the integer ids of orders and order items in four years, so these become bigint. The live
-- tables hold only current meals, and voids are few: rewriting them takes milliseconds.
-- depends: 0027.create-admin-keys

-- squawk-ignore changing-column-type
ALTER TABLE orders ALTER COLUMN order_id TYPE bigint;

ALTER TABLE order_items
    -- squawk-ignore changing-column-type
    ALTER COLUMN order_item_id TYPE bigint,
    -- squawk-ignore changing-column-type
    ALTER COLUMN order_id TYPE bigint;

-- squawk-ignore changing-column-type
ALTER TABLE order_voids ALTER COLUMN order_id TYPE bigint;
