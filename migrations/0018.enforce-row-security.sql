-- A connection that serves store 7 can neither see nor write store 8's rows, even with a wrong query. Each transaction
-- sets app.store_id; without it no row is visible. The sub-select reads the setting once a statement. The owner, which
-- migrates and backs up, is exempt.
-- depends: 0017.separate-roles

ALTER TABLE stores ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON stores
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE categories ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON categories
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE menus ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON menus
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE tables ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON tables
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE table_sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON table_sessions
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON orders
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE order_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON order_items
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE order_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON order_history
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE order_voids ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON order_voids
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON idempotency_keys
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

ALTER TABLE menu_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_store ON menu_versions
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

-- Before a login the admin's store is unknown. This function looks up one admin by the exact name, with the owner's
-- rights. It is the only way past the policies.
CREATE FUNCTION admin_credentials(username text)
    RETURNS TABLE (store_id integer, store_name varchar, admin_username varchar, admin_password_hash varchar)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT stores.store_id, stores.store_name, stores.admin_username, stores.admin_password_hash
      FROM public.stores
     WHERE stores.admin_username = username;
$$;

ALTER FUNCTION admin_credentials(text) OWNER TO tableorder_owner;

REVOKE ALL ON FUNCTION admin_credentials(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION admin_credentials(text) TO tableorder;
