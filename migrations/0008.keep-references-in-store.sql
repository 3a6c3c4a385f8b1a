-- A store's rows reference only rows of the same store: the store is part of every foreign key. So not even a wrong query
-- can order another store's menu. Sessions and order items get a store_id.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
-- squawk-ignore-file
-- depends: 0007.allow-one-active-session

ALTER TABLE table_sessions ADD COLUMN store_id integer;

UPDATE table_sessions
   SET store_id = tables.store_id
  FROM tables
 WHERE tables.table_id = table_sessions.table_id;

ALTER TABLE order_items ADD COLUMN store_id integer;

UPDATE order_items
   SET store_id = orders.store_id
  FROM orders
 WHERE orders.order_id = order_items.order_id;

ALTER TABLE categories ADD CONSTRAINT categories_store_id_category_id_key UNIQUE (store_id, category_id);

ALTER TABLE menus
    ADD CONSTRAINT menus_store_id_menu_id_key UNIQUE (store_id, menu_id),
    DROP CONSTRAINT menus_category_id_fkey,
    ADD CONSTRAINT menus_category_id_fkey
        FOREIGN KEY (store_id, category_id) REFERENCES categories (store_id, category_id) ON DELETE CASCADE;

ALTER TABLE tables ADD CONSTRAINT tables_store_id_table_id_key UNIQUE (store_id, table_id);

ALTER TABLE table_sessions
    ALTER COLUMN store_id SET NOT NULL,
    ADD CONSTRAINT table_sessions_table_id_session_id_key UNIQUE (table_id, session_id),
    DROP CONSTRAINT table_sessions_table_id_fkey,
    ADD CONSTRAINT table_sessions_table_id_fkey
        FOREIGN KEY (store_id, table_id) REFERENCES tables (store_id, table_id) ON DELETE CASCADE;

ALTER TABLE orders
    ADD CONSTRAINT orders_store_id_order_id_key UNIQUE (store_id, order_id),
    DROP CONSTRAINT orders_table_id_fkey,
    ADD CONSTRAINT orders_table_id_fkey
        FOREIGN KEY (store_id, table_id) REFERENCES tables (store_id, table_id) ON DELETE CASCADE,
    DROP CONSTRAINT orders_session_id_fkey,
    ADD CONSTRAINT orders_session_id_fkey
        FOREIGN KEY (table_id, session_id) REFERENCES table_sessions (table_id, session_id) ON DELETE CASCADE;

ALTER TABLE order_items
    ALTER COLUMN store_id SET NOT NULL,
    DROP CONSTRAINT order_items_order_id_fkey,
    ADD CONSTRAINT order_items_order_id_fkey
        FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, order_id) ON DELETE CASCADE,
    DROP CONSTRAINT order_items_menu_id_fkey,
    ADD CONSTRAINT order_items_menu_id_fkey
        FOREIGN KEY (store_id, menu_id) REFERENCES menus (store_id, menu_id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX idx_order_items_menu ON order_items (store_id, menu_id);

CREATE FUNCTION place_session_in_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT tables.store_id INTO NEW.store_id FROM tables WHERE tables.table_id = NEW.table_id;
    RETURN NEW;
END;
$$;

CREATE TRIGGER trigger_place_session_in_store
    BEFORE INSERT ON table_sessions
    FOR EACH ROW WHEN (NEW.store_id IS NULL) EXECUTE FUNCTION place_session_in_store();

CREATE FUNCTION place_order_item_in_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT orders.store_id INTO NEW.store_id FROM orders WHERE orders.order_id = NEW.order_id;
    RETURN NEW;
END;
$$;

CREATE TRIGGER trigger_place_order_item_in_store
    BEFORE INSERT ON order_items
    FOR EACH ROW WHEN (NEW.store_id IS NULL) EXECUTE FUNCTION place_order_item_in_store();
