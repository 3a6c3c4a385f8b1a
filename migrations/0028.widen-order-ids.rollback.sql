ALTER TABLE order_voids ALTER COLUMN order_id TYPE integer;

ALTER TABLE order_items
    ALTER COLUMN order_item_id TYPE integer,
    ALTER COLUMN order_id TYPE integer;

ALTER TABLE orders ALTER COLUMN order_id TYPE integer;

CREATE OR REPLACE FUNCTION announce_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    order_json json;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT json_build_object(
                   'order_id', orders.order_id,
                   'table_id', orders.table_id,
                   'table_number', tables.table_number,
                   'session_id', orders.session_id,
                   'total_amount', orders.total_amount,
                   'status', orders.status,
                   'order_time', orders.order_time,
                   'items', (SELECT json_agg(json_build_object(
                                        'order_item_id', order_items.order_item_id,
                                        'menu_id', order_items.menu_id,
                                        'menu_name', order_items.menu_name,
                                        'quantity', order_items.quantity,
                                        'unit_price', order_items.unit_price,
                                        'subtotal', order_items.unit_price::bigint * order_items.quantity)
                                    ORDER BY order_items.order_item_id)
                               FROM order_items
                              WHERE order_items.order_id = orders.order_id))
          INTO order_json
          FROM orders
          JOIN tables ON tables.table_id = orders.table_id
         WHERE orders.order_id = NEW.order_id;
        IF FOUND THEN
            PERFORM record_event(NEW.store_id, NEW.session_id, 'order_created', order_json);
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

CREATE OR REPLACE FUNCTION place_order_item_in_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT orders.store_id INTO NEW.store_id FROM orders WHERE orders.order_id = NEW.order_id;
    RETURN NEW;
END;
$$;
