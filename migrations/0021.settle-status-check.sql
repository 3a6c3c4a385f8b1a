-- The check on an order's status stays the same rule, but now compares text. Over varchar PostgreSQL prints it differently
-- after a dump is restored, and a restored schema must be identical to the letter.
-- depends: 0020.create-stream-tickets

ALTER TABLE orders
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT orders_status_check,
    ADD CONSTRAINT orders_status_check CHECK (status::text IN ('대기중', '준비중', '완료')) NOT VALID;
