-- Columns with a default become NOT NULL. No code expects a NULL there (no list shows an order without a status). A
-- session whose state is NULL counts as ended.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
-- squawk-ignore-file
-- depends: 0004.use-timestamptz

UPDATE stores
   SET created_at = COALESCE(created_at, now()),
       updated_at = COALESCE(updated_at, now())
 WHERE created_at IS NULL
    OR updated_at IS NULL;
UPDATE categories
   SET display_order = COALESCE(display_order, 0),
       created_at = COALESCE(created_at, now())
 WHERE display_order IS NULL
    OR created_at IS NULL;
UPDATE menus
   SET display_order = COALESCE(display_order, 0),
       created_at = COALESCE(created_at, now()),
       updated_at = COALESCE(updated_at, now())
 WHERE display_order IS NULL
    OR created_at IS NULL
    OR updated_at IS NULL;
UPDATE tables
   SET created_at = COALESCE(created_at, now())
 WHERE created_at IS NULL;
UPDATE table_sessions
   SET start_time = COALESCE(start_time, now()),
       end_time = CASE WHEN is_active IS NULL THEN COALESCE(end_time, now()) ELSE end_time END,
       is_active = COALESCE(is_active, false)
 WHERE start_time IS NULL
    OR is_active IS NULL;
UPDATE orders
   SET order_time = COALESCE(order_time, now()),
       status = COALESCE(status, '대기중')
 WHERE order_time IS NULL
    OR status IS NULL;
UPDATE order_history
   SET completed_time = COALESCE(completed_time, now())
 WHERE completed_time IS NULL;

ALTER TABLE stores
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE categories
    ALTER COLUMN display_order SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL;
ALTER TABLE menus
    ALTER COLUMN display_order SET NOT NULL,
    ALTER COLUMN created_at SET NOT NULL,
    ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE tables
    ALTER COLUMN created_at SET NOT NULL;
ALTER TABLE table_sessions
    ALTER COLUMN start_time SET NOT NULL,
    ALTER COLUMN is_active SET NOT NULL;
ALTER TABLE orders
    ALTER COLUMN order_time SET NOT NULL,
    ALTER COLUMN status SET NOT NULL;
ALTER TABLE order_history
    ALTER COLUMN completed_time SET NOT NULL;
