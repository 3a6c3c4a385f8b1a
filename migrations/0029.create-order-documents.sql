-- The order's JSON is defined here only; lists, answers, events, the archive and the voids use it. The planner inlines
-- these functions, so they cost nothing.
-- The statement that places an order leaves its document in the setting app.placed_order as "<order_id> <document>". The
-- order's event takes it from there; without the setting the trigger reads the document again.
-- https://www.postgresql.org/docs/current/xfunc-sql.html
-- depends: 0028.widen-order-ids

CREATE FUNCTION order_item_document(item order_items) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'order_item_id', (item).order_item_id,
        'menu_id', (item).menu_id,
        'menu_name', (item).menu_name,
        'quantity', (item).quantity,
        'unit_price', (item).unit_price,
        'subtotal', (item).unit_price::bigint * (item).quantity);

CREATE FUNCTION order_document(placed orders, table_number integer, items json) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'order_id', (placed).order_id,
        'table_id', (placed).table_id,
        'table_number', table_number,
        'session_id', (placed).session_id,
        'total_amount', (placed).total_amount,
        'status', (placed).status,
        'order_time', (placed).order_time,
        'items', items);

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

ALTER FUNCTION order_item_document(order_items) OWNER TO tableorder_owner;

ALTER FUNCTION order_document(orders, integer, json) OWNER TO tableorder_owner;
