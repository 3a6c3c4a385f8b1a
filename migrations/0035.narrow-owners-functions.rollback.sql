CREATE OR REPLACE FUNCTION prune_events(older_than interval, at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.events
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM public.events
                                  WHERE created_at < now() - older_than
                                  ORDER BY created_at LIMIT at_most))
        RETURNING event_id
    ), moved AS (
        UPDATE public.event_horizon
           SET pruned_up_to = GREATEST(pruned_up_to, (SELECT max(event_id) FROM pruned))
         WHERE EXISTS (SELECT FROM pruned)
    )
    SELECT count(*) FROM pruned;
$$;

DROP FUNCTION dearest_password_cost();
