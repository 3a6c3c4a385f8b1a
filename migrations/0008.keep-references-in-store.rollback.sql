DROP TRIGGER trigger_place_order_item_in_store ON order_items;
DROP FUNCTION place_order_item_in_store();
DROP TRIGGER trigger_place_session_in_store ON table_sessions;
DROP FUNCTION place_session_in_store();
DROP INDEX idx_order_items_menu;
ALTER TABLE order_items
    DROP CONSTRAINT order_items_order_id_fkey,
    ADD CONSTRAINT order_items_order_id_fkey
        FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE,
    DROP CONSTRAINT order_items_menu_id_fkey,
    ADD CONSTRAINT order_items_menu_id_fkey
        FOREIGN KEY (menu_id) REFERENCES menus (menu_id) DEFERRABLE INITIALLY DEFERRED,
    DROP COLUMN store_id;
ALTER TABLE orders
    DROP CONSTRAINT orders_session_id_fkey,
    ADD CONSTRAINT orders_session_id_fkey
        FOREIGN KEY (session_id) REFERENCES table_sessions (session_id) ON DELETE CASCADE,
    DROP CONSTRAINT orders_table_id_fkey,
    ADD CONSTRAINT orders_table_id_fkey
        FOREIGN KEY (table_id) REFERENCES tables (table_id) ON DELETE CASCADE,
    DROP CONSTRAINT orders_store_id_order_id_key;
ALTER TABLE table_sessions
    DROP CONSTRAINT table_sessions_table_id_fkey,
    ADD CONSTRAINT table_sessions_table_id_fkey
        FOREIGN KEY (table_id) REFERENCES tables (table_id) ON DELETE CASCADE,
    DROP CONSTRAINT table_sessions_table_id_session_id_key,
    DROP COLUMN store_id;
ALTER TABLE tables DROP CONSTRAINT tables_store_id_table_id_key;
ALTER TABLE menus
    DROP CONSTRAINT menus_category_id_fkey,
    ADD CONSTRAINT menus_category_id_fkey
        FOREIGN KEY (category_id) REFERENCES categories (category_id) ON DELETE CASCADE,
    DROP CONSTRAINT menus_store_id_menu_id_key;
ALTER TABLE categories DROP CONSTRAINT categories_store_id_category_id_key;
