-- Old rows were removed by the statements of guests and admins, which had to wait for it. Now housekeeping removes them
-- by these functions. Each call removes at most so many rows, the oldest first, and skips rows that somebody holds.
-- A function that must see all stores has its owner's rights: it sets the age itself, so that its caller can remove
-- nothing that is not due. The tables of the logins have no stores, and the application may delete from them anyway.
-- OFFSET 0 makes the planner look each row up by an index, instead of joining whole tables for an unknown LIMIT.
-- depends: 0044.index-ages

CREATE FUNCTION prune_idempotency_keys(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.idempotency_keys
         WHERE ctid = ANY (ARRAY(SELECT ctid
                                   FROM public.idempotency_keys
                                  WHERE created_at < now() - interval '1 day'
                                  ORDER BY created_at
                                  LIMIT LEAST(at_most, 10000)
                                    FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

CREATE FUNCTION prune_admin_keys(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.admin_keys
         WHERE ctid = ANY (ARRAY(SELECT ctid
                                   FROM public.admin_keys
                                  WHERE created_at < now() - interval '1 day'
                                  ORDER BY created_at
                                  LIMIT LEAST(at_most, 10000)
                                    FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

-- Only sessions that are in the history and have no orders left: an order that is nowhere else stays.
CREATE FUNCTION prune_table_sessions(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.table_sessions
         WHERE session_id = ANY (ARRAY(
                   SELECT past.session_id
                     FROM public.table_sessions AS past
                    WHERE NOT past.is_active
                      AND past.end_time < now() - interval '1 day'
                      AND EXISTS (SELECT
                                    FROM public.order_history
                                   WHERE order_history.session_id = past.session_id
                                  OFFSET 0)
                      AND NOT EXISTS (SELECT FROM public.orders WHERE orders.session_id = past.session_id OFFSET 0)
                    ORDER BY past.end_time
                    LIMIT LEAST(at_most, 10000)
                      FOR UPDATE OF past SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

-- Retired menus, pictures and all, to which no live order refers. A day after, no order for one can be under way.
-- Guests do not see them, so the version of the menu stays: app.pruning tells renew_menu_version().
CREATE FUNCTION prune_menus(at_most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    pruned bigint;
BEGIN
    PERFORM set_config('app.pruning', 'on', true);
    DELETE FROM public.menus
     WHERE menu_id = ANY (ARRAY(
               SELECT retired.menu_id
                 FROM public.menus AS retired
                WHERE retired.deleted_at < now() - interval '1 day'
                  AND NOT EXISTS (SELECT
                                    FROM public.order_items
                                   WHERE order_items.store_id = retired.store_id
                                     AND order_items.menu_id = retired.menu_id
                                  OFFSET 0)
                ORDER BY retired.deleted_at
                LIMIT LEAST(at_most, 10000)
                  FOR UPDATE OF retired SKIP LOCKED));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    PERFORM set_config('app.pruning', 'off', true);
    RETURN pruned;
END;
$$;

CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        UPDATE menu_versions
           SET version = gen_random_uuid()
         WHERE store_id IN (SELECT store_id FROM changed);
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION prune_stream_tickets(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.stream_tickets
         WHERE ticket_hash = ANY (ARRAY(SELECT ticket_hash
                                          FROM public.stream_tickets
                                         WHERE expires_at < now()
                                         ORDER BY expires_at
                                         LIMIT LEAST(at_most, 10000)
                                           FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

-- period: the seconds in which failures count, as login_standing() has it.
CREATE FUNCTION prune_failed_logins(period integer, at_most integer) RETURNS bigint
    LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.failed_logins
         WHERE ctid = ANY (ARRAY(SELECT ctid
                                   FROM public.failed_logins
                                  WHERE last_failed_at < now() - period * interval '1 second'
                                  ORDER BY last_failed_at
                                  LIMIT LEAST(at_most, 10000)
                                    FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

CREATE FUNCTION prune_familiar_addresses(at_most integer) RETURNS bigint
    LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.familiar_addresses
         WHERE ctid = ANY (ARRAY(SELECT ctid
                                   FROM public.familiar_addresses
                                  WHERE last_login_at < now() - interval '30 days'
                                  ORDER BY last_login_at
                                  LIMIT LEAST(at_most, 10000)
                                    FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

CREATE OR REPLACE FUNCTION prune_events(older_than interval, at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.events
         WHERE ctid = ANY (ARRAY(SELECT ctid
                                   FROM public.events
                                  WHERE created_at < now() - GREATEST(older_than, interval '1 minute')
                                  ORDER BY created_at
                                  LIMIT LEAST(at_most, 10000)
                                    FOR UPDATE SKIP LOCKED))
        RETURNING event_id
    ), moved AS (
        UPDATE public.event_horizon
           SET pruned_up_to = GREATEST(pruned_up_to, (SELECT max(event_id) FROM pruned))
         WHERE EXISTS (SELECT FROM pruned)
    )
    SELECT count(*) FROM pruned;
$$;

ALTER FUNCTION prune_idempotency_keys(integer) OWNER TO tableorder_owner;

ALTER FUNCTION prune_admin_keys(integer) OWNER TO tableorder_owner;

ALTER FUNCTION prune_table_sessions(integer) OWNER TO tableorder_owner;

ALTER FUNCTION prune_menus(integer) OWNER TO tableorder_owner;

ALTER FUNCTION prune_stream_tickets(integer) OWNER TO tableorder_owner;

ALTER FUNCTION prune_failed_logins(integer, integer) OWNER TO tableorder_owner;

ALTER FUNCTION prune_familiar_addresses(integer) OWNER TO tableorder_owner;

REVOKE ALL
    ON FUNCTION prune_idempotency_keys(integer), prune_admin_keys(integer), prune_table_sessions(integer),
       prune_menus(integer), prune_stream_tickets(integer), prune_failed_logins(integer, integer),
       prune_familiar_addresses(integer)
    FROM PUBLIC;

GRANT EXECUTE
    ON FUNCTION prune_idempotency_keys(integer), prune_admin_keys(integer), prune_table_sessions(integer),
       prune_menus(integer), prune_stream_tickets(integer), prune_failed_logins(integer, integer),
       prune_familiar_addresses(integer)
    TO tableorder;
