-- Deleting a menu deleted the items of past orders, too. Now an item keeps the menu's name beside the price. A menu is
-- retired (deleted_at), and stays while items reference it. The foreign key no longer cascades. It is checked at commit,
-- so that one statement can still delete a whole store.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
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
