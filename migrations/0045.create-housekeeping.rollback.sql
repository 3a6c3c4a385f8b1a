DROP FUNCTION prune_idempotency_keys(integer);

DROP FUNCTION prune_admin_keys(integer);

DROP FUNCTION prune_table_sessions(integer);

DROP FUNCTION prune_menus(integer);

DROP FUNCTION prune_stream_tickets(integer);

DROP FUNCTION prune_failed_logins(integer, integer);

DROP FUNCTION prune_familiar_addresses(integer);

CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE menu_versions
       SET version = gen_random_uuid()
     WHERE store_id IN (SELECT store_id FROM changed);
    RETURN NULL;
END;
$$;

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
