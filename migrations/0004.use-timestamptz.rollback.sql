ALTER TABLE stores
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'Asia/Seoul',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE categories
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE menus
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'Asia/Seoul',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE tables
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE table_sessions
    ALTER COLUMN start_time TYPE timestamp USING start_time AT TIME ZONE 'Asia/Seoul',
    ALTER COLUMN end_time TYPE timestamp USING end_time AT TIME ZONE 'Asia/Seoul';

ALTER TABLE orders
    ALTER COLUMN order_time TYPE timestamp USING order_time AT TIME ZONE 'Asia/Seoul';

ALTER TABLE order_history
    ALTER COLUMN completed_time TYPE timestamp USING completed_time AT TIME ZONE 'Asia/Seoul';
