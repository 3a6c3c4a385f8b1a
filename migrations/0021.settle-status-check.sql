-- The check on an order's status, the same rule, now over text: over varchar PostgreSQL prints it in one form when it is
-- made and in another after a dump was restored, and a restored schema is to be the same to the letter.
-- depends: 0020.create-stream-tickets

ALTER TABLE orders
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT orders_status_check,
    ADD CONSTRAINT orders_status_check CHECK (status::text IN ('대기중', '준비중', '완료')) NOT VALID;
