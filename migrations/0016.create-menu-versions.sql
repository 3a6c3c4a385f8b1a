-- A store's menu gets a version. Every change to its menus and categories renews it in the same transaction. A tablet
-- with the current menu then gets its answer without the menu being built. The version is random: after a restore a
-- counter would give the same number to other content.
-- depends: 0015.create-login-failures

CREATE TABLE menu_versions (
    store_id integer PRIMARY KEY REFERENCES stores (store_id) ON DELETE CASCADE,
    version  uuid NOT NULL DEFAULT gen_random_uuid()
);

INSERT INTO menu_versions (store_id) SELECT store_id FROM stores;

CREATE FUNCTION start_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO menu_versions (store_id) VALUES (NEW.store_id);
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_start_menu_version
    AFTER INSERT ON stores
    FOR EACH ROW EXECUTE FUNCTION start_menu_version();

CREATE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE menu_versions
       SET version = gen_random_uuid()
     WHERE store_id IN (SELECT store_id FROM changed);
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_renew_menu_version_insert
    AFTER INSERT ON categories
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_menu_version();

CREATE TRIGGER trigger_renew_menu_version_update
    AFTER UPDATE ON categories
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_menu_version();

CREATE TRIGGER trigger_renew_menu_version_delete
    AFTER DELETE ON categories
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_menu_version();

CREATE TRIGGER trigger_renew_menu_version_insert
    AFTER INSERT ON menus
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_menu_version();

CREATE TRIGGER trigger_renew_menu_version_update
    AFTER UPDATE ON menus
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_menu_version();

CREATE TRIGGER trigger_renew_menu_version_delete
    AFTER DELETE ON menus
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION renew_menu_version();
