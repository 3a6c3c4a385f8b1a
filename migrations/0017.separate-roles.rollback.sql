DO $$
BEGIN
    IF to_regclass('_yoyo_migration') IS NOT NULL THEN
        REVOKE ALL ON _yoyo_migration FROM tableorder;
    END IF;
END;
$$;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM tableorder;
REVOKE ALL
    ON stores, categories, menus, tables, table_sessions, orders, order_items, order_history, order_voids,
       idempotency_keys, login_failures, menu_versions
    FROM tableorder;
ALTER FUNCTION renew_menu_version() OWNER TO CURRENT_USER;
ALTER FUNCTION start_menu_version() OWNER TO CURRENT_USER;
ALTER FUNCTION refuse_to_change_books() OWNER TO CURRENT_USER;
ALTER FUNCTION touch_updated_at() OWNER TO CURRENT_USER;
ALTER FUNCTION place_order_item_in_store() OWNER TO CURRENT_USER;
ALTER FUNCTION place_session_in_store() OWNER TO CURRENT_USER;
ALTER FUNCTION name_order_item() OWNER TO CURRENT_USER;
ALTER FUNCTION clear_table_current_session() OWNER TO CURRENT_USER;
ALTER FUNCTION update_table_current_session() OWNER TO CURRENT_USER;
ALTER TABLE menu_versions OWNER TO CURRENT_USER;
ALTER TABLE login_failures OWNER TO CURRENT_USER;
ALTER TABLE idempotency_keys OWNER TO CURRENT_USER;
ALTER TABLE order_voids OWNER TO CURRENT_USER;
ALTER TABLE order_history OWNER TO CURRENT_USER;
ALTER TABLE order_items OWNER TO CURRENT_USER;
ALTER TABLE orders OWNER TO CURRENT_USER;
ALTER TABLE table_sessions OWNER TO CURRENT_USER;
ALTER TABLE tables OWNER TO CURRENT_USER;
ALTER TABLE menus OWNER TO CURRENT_USER;
ALTER TABLE categories OWNER TO CURRENT_USER;
ALTER TABLE stores OWNER TO CURRENT_USER;
REVOKE ALL ON SCHEMA public FROM tableorder;
REVOKE ALL ON SCHEMA public FROM tableorder_owner;
