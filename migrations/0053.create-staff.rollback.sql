CREATE OR REPLACE FUNCTION dearest_password_cost() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT GREATEST((SELECT max(substr(stores.admin_password_hash, 5, 2))
                       FROM public.stores
                      WHERE stores.admin_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(tables.table_password_hash, 5, 2))
                       FROM public.tables
                      WHERE tables.table_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'))::integer;
$$;

DROP FUNCTION staff_document(staff);

DROP TABLE staff;
