-- Row security shows the application one store. This function tells it the cost of the most expensive hash of all stores,
-- and nothing else. prune_events() now keeps the events of the last minute, so the application cannot empty the log.
-- depends: 0034.index-table-password-costs

CREATE FUNCTION dearest_password_cost() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT GREATEST((SELECT max(substr(stores.admin_password_hash, 5, 2))
                       FROM public.stores
                      WHERE stores.admin_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(tables.table_password_hash, 5, 2))
                       FROM public.tables
                      WHERE tables.table_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'))::integer;
$$;

ALTER FUNCTION dearest_password_cost() OWNER TO tableorder_owner;

REVOKE ALL ON FUNCTION dearest_password_cost() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION dearest_password_cost() TO tableorder;

CREATE OR REPLACE FUNCTION prune_events(older_than interval, at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.events
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.events
                                  WHERE created_at < now() - GREATEST(older_than, interval '1 minute')
                                  ORDER BY created_at LIMIT LEAST(at_most, 10000)))
        RETURNING event_id
    ), moved AS (
        UPDATE public.event_horizon
           SET pruned_up_to = GREATEST(pruned_up_to, (SELECT max(event_id) FROM pruned))
         WHERE EXISTS (SELECT FROM pruned)
    )
    SELECT count(*) FROM pruned;
$$;
