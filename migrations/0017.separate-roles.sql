-- Least privilege: tableorder_owner owns the schema and runs migrations. tableorder (the application) may only read and
-- write rows, and only add to the books. Roles belong to the whole server: this migration creates missing ones, and its
-- rollback keeps them, because other databases may use them.
-- depends: 0016.create-menu-versions

DO $$
DECLARE
    missing text;
BEGIN
    FOREACH missing IN ARRAY ARRAY['tableorder_owner', 'tableorder'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = missing);
        BEGIN
            EXECUTE format('CREATE ROLE %I', missing);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this server was migrated at the same moment
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % does not exist and % may not create it', missing, current_user
                    USING HINT = 'Let a superuser create it, or run this migration as a role with CREATEROLE.';
        END;
    END LOOP;
END;
$$;

DO $$
DECLARE
    needed text;
BEGIN
    FOREACH needed IN ARRAY ARRAY['tableorder_owner', 'tableorder'] LOOP
        CONTINUE WHEN pg_has_role(current_user, needed, 'USAGE');
        BEGIN
            EXECUTE format('GRANT %I TO %I', needed, current_user);
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION '% is not a member of role % and may not become one', current_user, needed
                    USING HINT = format('Let a superuser run: GRANT %I TO %I', needed, current_user);
        END;
    END LOOP;
END;
$$;

-- Before PostgreSQL 15 everybody may create in this schema, and an upgraded database keeps that right.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

GRANT USAGE, CREATE ON SCHEMA public TO tableorder_owner;

GRANT USAGE ON SCHEMA public TO tableorder;

ALTER TABLE stores OWNER TO tableorder_owner;
ALTER TABLE categories OWNER TO tableorder_owner;
ALTER TABLE menus OWNER TO tableorder_owner;
ALTER TABLE tables OWNER TO tableorder_owner;
ALTER TABLE table_sessions OWNER TO tableorder_owner;
ALTER TABLE orders OWNER TO tableorder_owner;
ALTER TABLE order_items OWNER TO tableorder_owner;
ALTER TABLE order_history OWNER TO tableorder_owner;
ALTER TABLE order_voids OWNER TO tableorder_owner;
ALTER TABLE idempotency_keys OWNER TO tableorder_owner;
ALTER TABLE login_failures OWNER TO tableorder_owner;
ALTER TABLE menu_versions OWNER TO tableorder_owner;

ALTER FUNCTION update_table_current_session() OWNER TO tableorder_owner;
ALTER FUNCTION clear_table_current_session() OWNER TO tableorder_owner;
ALTER FUNCTION name_order_item() OWNER TO tableorder_owner;
ALTER FUNCTION place_session_in_store() OWNER TO tableorder_owner;
ALTER FUNCTION place_order_item_in_store() OWNER TO tableorder_owner;
ALTER FUNCTION touch_updated_at() OWNER TO tableorder_owner;
ALTER FUNCTION refuse_to_change_books() OWNER TO tableorder_owner;
ALTER FUNCTION start_menu_version() OWNER TO tableorder_owner;
ALTER FUNCTION renew_menu_version() OWNER TO tableorder_owner;

GRANT SELECT ON stores TO tableorder;

GRANT SELECT, INSERT ON order_history, order_voids TO tableorder;

GRANT SELECT, INSERT, UPDATE, DELETE
    ON categories, menus, tables, table_sessions, orders, order_items, idempotency_keys, login_failures,
       menu_versions
    TO tableorder;

GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO tableorder;

-- The application reads the applied migrations before it reports itself ready.
DO $$
BEGIN
    IF to_regclass('_yoyo_migration') IS NOT NULL THEN
        GRANT SELECT ON _yoyo_migration TO tableorder;
    END IF;
END;
$$;
