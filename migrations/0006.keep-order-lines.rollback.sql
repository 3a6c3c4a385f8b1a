DROP TRIGGER trigger_name_order_item ON order_items;
DROP FUNCTION name_order_item();
ALTER TABLE order_items
    DROP CONSTRAINT order_items_menu_id_fkey,
    ADD CONSTRAINT order_items_menu_id_fkey
        FOREIGN KEY (menu_id) REFERENCES menus (menu_id) ON DELETE CASCADE;
ALTER TABLE order_items DROP COLUMN menu_name;
ALTER TABLE menus DROP COLUMN deleted_at;
