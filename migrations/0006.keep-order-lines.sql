-- Deleting a menu took the lines of past orders with it. A line now keeps the name beside the price, a menu is
-- retired (deleted_at) and never removed while lines refer to it, and the foreign key no longer cascades. It is
-- checked at commit, so that deleting a whole store, lines included, is still one statement.
-- It blocks while it runs; it dates from before the first release, when no restaurant was at work.
-- squawk-ignore-file
-- depends: 0005.require-defaulted-columns

ALTER TABLE menus ADD COLUMN deleted_at timestamptz;

ALTER TABLE order_items ADD COLUMN menu_name varchar(100);

UPDATE order_items
   SET menu_name = menus.menu_name
  FROM menus
 WHERE menus.menu_id = order_items.menu_id;

ALTER TABLE order_items
    ALTER COLUMN menu_name SET NOT NULL,
    DROP CONSTRAINT order_items_menu_id_fkey,
    ADD CONSTRAINT order_items_menu_id_fkey
        FOREIGN KEY (menu_id) REFERENCES menus (menu_id) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION name_order_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT menus.menu_name INTO NEW.menu_name FROM menus WHERE menus.menu_id = NEW.menu_id;
    RETURN NEW;
END;
$$;

CREATE TRIGGER trigger_name_order_item
    BEFORE INSERT ON order_items
    FOR EACH ROW WHEN (NEW.menu_name IS NULL) EXECUTE FUNCTION name_order_item();
