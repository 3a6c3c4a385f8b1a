-- A stored time must mean one moment, whatever the server's time zone. Until now times were wall-clock times of
-- Asia/Seoul. From now on they are moments, and the time zone only affects the display.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
-- squawk-ignore-file
-- depends: 0003.create-session-triggers

ALTER TABLE stores
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'Asia/Seoul',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE categories
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE menus
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'Asia/Seoul',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE tables
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'Asia/Seoul';

ALTER TABLE table_sessions
    ALTER COLUMN start_time TYPE timestamptz USING start_time AT TIME ZONE 'Asia/Seoul',
    ALTER COLUMN end_time TYPE timestamptz USING end_time AT TIME ZONE 'Asia/Seoul';

ALTER TABLE orders
    ALTER COLUMN order_time TYPE timestamptz USING order_time AT TIME ZONE 'Asia/Seoul';

ALTER TABLE order_history
    ALTER COLUMN completed_time TYPE timestamptz USING completed_time AT TIME ZONE 'Asia/Seoul';
