ALTER TABLE orders
    DROP CONSTRAINT orders_status_check,
    ADD CONSTRAINT orders_status_check CHECK (status::text IN ('대기중', '준비중', '완료')) NOT VALID;
