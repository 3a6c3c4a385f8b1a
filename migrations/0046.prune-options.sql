-- Retired options and groups count towards a store's limits until they are removed. Orders keep what was chosen by
-- themselves, so a day after its retirement nothing needs an option or a group any more.
-- depends: 0045.create-housekeeping

CREATE FUNCTION prune_options(at_most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    pruned bigint;
BEGIN
    PERFORM set_config('app.pruning', 'on', true);
    DELETE FROM public.options
     WHERE option_id = ANY (ARRAY(SELECT option_id
                                    FROM public.options
                                   WHERE deleted_at < now() - interval '1 day'
                                   ORDER BY deleted_at
                                   LIMIT LEAST(at_most, 10000)
                                     FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    PERFORM set_config('app.pruning', 'off', true);
    RETURN pruned;
END;
$$;

CREATE FUNCTION prune_option_groups(at_most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    pruned bigint;
BEGIN
    PERFORM set_config('app.pruning', 'on', true);
    DELETE FROM public.option_groups
     WHERE group_id = ANY (ARRAY(SELECT retired.group_id
                                   FROM public.option_groups AS retired
                                  WHERE retired.deleted_at < now() - interval '1 day'
                                    AND NOT EXISTS (SELECT
                                                      FROM public.menu_option_groups
                                                     WHERE menu_option_groups.group_id = retired.group_id
                                                    OFFSET 0)
                                  ORDER BY retired.deleted_at
                                  LIMIT LEAST(at_most, 10000)
                                    FOR UPDATE OF retired SKIP LOCKED));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    PERFORM set_config('app.pruning', 'off', true);
    RETURN pruned;
END;
$$;

ALTER FUNCTION prune_options(integer) OWNER TO tableorder_owner;

ALTER FUNCTION prune_option_groups(integer) OWNER TO tableorder_owner;

REVOKE ALL ON FUNCTION prune_options(integer), prune_option_groups(integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION prune_options(integer), prune_option_groups(integer) TO tableorder;
