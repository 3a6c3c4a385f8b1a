-- A thousand busy stores use up the integers of orders and order lines in four years, so these become bigint. The live
-- tables hold the meals that are under way and the voids are few: writing them anew takes milliseconds.
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
