-- An order line keeps the options, the note and the category as they were when it was ordered. Its price is the menu's
-- price and those of its options: order_item_price() is the rule, and a check holds every line to it.
-- The tables hold the meals that are under way; filling and checking them takes milliseconds.
-- depends: 0038.create-options

CREATE FUNCTION order_item_price(base_price integer, options jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    RETURN base_price + COALESCE((
        SELECT sum((chosen ->> 'price_delta')::bigint * (chosen ->> 'quantity')::bigint)
          FROM jsonb_array_elements(options) AS chosen), 0);

ALTER FUNCTION order_item_price(integer, jsonb) OWNER TO tableorder_owner;

ALTER TABLE orders
    ADD COLUMN note varchar(200),
    ADD COLUMN menu_version uuid;

ALTER TABLE order_items
    ADD COLUMN base_price integer,
    ADD COLUMN options jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN note varchar(100),
    ADD COLUMN category_name varchar(50);

UPDATE order_items
   SET base_price = order_items.unit_price, category_name = categories.category_name
  FROM menus
  JOIN categories ON categories.category_id = menus.category_id
 WHERE menus.menu_id = order_items.menu_id;

ALTER TABLE order_items
    -- squawk-ignore adding-not-nullable-field
    ALTER COLUMN base_price SET NOT NULL,
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT order_items_price_check
        CHECK (CASE WHEN options = '[]' THEN unit_price = base_price
                    ELSE unit_price = order_item_price(base_price, options) END);

-- For a line that is written without these columns, as the release before did.
CREATE FUNCTION complete_order_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.base_price := NEW.unit_price;
    NEW.category_name := (SELECT categories.category_name
                            FROM menus
                            JOIN categories ON categories.category_id = menus.category_id
                           WHERE menus.menu_id = NEW.menu_id);
    RETURN NEW;
END;
$$;

ALTER FUNCTION complete_order_item() OWNER TO tableorder_owner;

CREATE TRIGGER trigger_complete_order_item
    BEFORE INSERT ON order_items
    FOR EACH ROW WHEN (NEW.base_price IS NULL) EXECUTE FUNCTION complete_order_item();

CREATE OR REPLACE FUNCTION order_item_document(item order_items) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'order_item_id', (item).order_item_id,
        'menu_id', (item).menu_id,
        'menu_name', (item).menu_name,
        'category_name', (item).category_name,
        'quantity', (item).quantity,
        'base_price', (item).base_price,
        'options', (item).options,
        'unit_price', (item).unit_price,
        'subtotal', (item).unit_price::bigint * (item).quantity,
        'note', (item).note);

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
        'note', (placed).note,
        'menu_version', (placed).menu_version,
        'items', items);
