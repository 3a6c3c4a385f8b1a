ALTER TABLE stores
    ALTER COLUMN created_at DROP NOT NULL,
    ALTER COLUMN updated_at DROP NOT NULL;
ALTER TABLE categories
    ALTER COLUMN display_order DROP NOT NULL,
    ALTER COLUMN created_at DROP NOT NULL;
ALTER TABLE menus
    ALTER COLUMN display_order DROP NOT NULL,
    ALTER COLUMN created_at DROP NOT NULL,
    ALTER COLUMN updated_at DROP NOT NULL;
ALTER TABLE tables
    ALTER COLUMN created_at DROP NOT NULL;
ALTER TABLE table_sessions
    ALTER COLUMN start_time DROP NOT NULL,
    ALTER COLUMN is_active DROP NOT NULL;
ALTER TABLE orders
    ALTER COLUMN order_time DROP NOT NULL,
    ALTER COLUMN status DROP NOT NULL;
ALTER TABLE order_history
    ALTER COLUMN completed_time DROP NOT NULL;
