DROP TRIGGER trigger_announce_order_lines ON orders;

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

DROP INDEX idx_order_voids_order;

DROP INDEX order_voids_one_per_order;

-- The book without its voids of lines: the release before does not know them.
SELECT set_config('app.retention', 'on', true);

DELETE FROM order_voids WHERE kind = 'lines';

ALTER TABLE order_voids
    DROP COLUMN lines,
    DROP COLUMN status,
    DROP COLUMN kind,
    ADD CONSTRAINT order_voids_order_id_key UNIQUE (order_id);
