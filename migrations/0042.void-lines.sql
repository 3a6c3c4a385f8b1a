-- Part of an order can be voided. The book of voids has a row for each such void beside those of whole orders: `kind` says
-- which, `lines` has the lines as they were with the quantity that was taken off, `status` is the order's at that moment.
-- The book is small, so giving its rows the new columns takes milliseconds.
-- depends: 0041.choose-options

ALTER TABLE order_voids
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT order_voids_order_id_key,
    ADD COLUMN kind varchar(10) NOT NULL DEFAULT 'order',
    ADD COLUMN status varchar(20),
    ADD COLUMN lines jsonb;

ALTER TABLE order_voids
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT order_voids_kind_check CHECK (kind::text IN ('order', 'lines'));

-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX order_voids_one_per_order ON order_voids (order_id) WHERE kind = 'order';

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_order_voids_order ON order_voids (order_id);

-- The event tells the lines too when they have changed.
CREATE OR REPLACE FUNCTION announce_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    placed text := current_setting('app.placed_order', true);
    document json;
BEGIN
    IF TG_OP = 'INSERT' AND starts_with(placed, NEW.order_id || ' ') THEN
        document := substr(placed, length(NEW.order_id || ' ') + 1);
        PERFORM record_event(NEW.store_id, NEW.session_id, 'order_created', document);
    ELSIF TG_OP = 'INSERT' THEN
        SELECT order_document(orders, tables.table_number, (
                   SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                     FROM order_items
                    WHERE order_items.order_id = orders.order_id))
          INTO document
          FROM orders
          JOIN tables ON tables.table_id = orders.table_id
         WHERE orders.order_id = NEW.order_id;
        IF FOUND THEN
            PERFORM record_event(NEW.store_id, NEW.session_id, 'order_created', document);
        END IF;
    ELSIF TG_OP = 'UPDATE' AND NEW.total_amount IS DISTINCT FROM OLD.total_amount THEN
        PERFORM record_event(
            NEW.store_id, NEW.session_id, 'order_updated',
            json_build_object(
                'order_id', NEW.order_id, 'table_id', NEW.table_id, 'status', NEW.status,
                'total_amount', NEW.total_amount,
                'items', (SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                            FROM order_items
                           WHERE order_items.order_id = NEW.order_id)));
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM record_event(
            NEW.store_id, NEW.session_id, 'order_updated',
            json_build_object('order_id', NEW.order_id, 'table_id', NEW.table_id, 'status', NEW.status));
    ELSIF EXISTS (SELECT FROM table_sessions WHERE session_id = OLD.session_id AND is_active) THEN
        -- Of an ended session the orders are moved, not deleted, and its end is an event of its own.
        PERFORM record_event(
            OLD.store_id, OLD.session_id, 'order_deleted',
            json_build_object('order_id', OLD.order_id, 'table_id', OLD.table_id));
    END IF;
    RETURN NULL;
END;
$$;

CREATE CONSTRAINT TRIGGER trigger_announce_order_lines
    AFTER UPDATE ON orders
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.total_amount <> OLD.total_amount AND NEW.status = OLD.status)
    EXECUTE FUNCTION announce_order();
