CREATE OR REPLACE FUNCTION order_item_document(item order_items) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'order_item_id', (item).order_item_id,
        'menu_id', (item).menu_id,
        'menu_name', (item).menu_name,
        'quantity', (item).quantity,
        'unit_price', (item).unit_price,
        'subtotal', (item).unit_price::bigint * (item).quantity);

CREATE OR REPLACE FUNCTION order_document(placed orders, table_number integer, items json) RETURNS json
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

DROP TRIGGER trigger_complete_order_item ON order_items;

DROP FUNCTION complete_order_item();

ALTER TABLE order_items
    DROP CONSTRAINT order_items_price_check,
    DROP COLUMN category_name,
    DROP COLUMN note,
    DROP COLUMN options,
    DROP COLUMN base_price;

ALTER TABLE orders
    DROP COLUMN menu_version,
    DROP COLUMN note;

DROP FUNCTION order_item_price(integer, jsonb);
