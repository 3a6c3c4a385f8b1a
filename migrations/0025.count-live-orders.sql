-- Counts all stores' orders for /metrics; row security shows the application one store at a time.
-- depends: 0024.create-login-addresses

CREATE FUNCTION count_live_orders() RETURNS TABLE (status text, orders bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT orders.status::text, count(*) FROM public.orders GROUP BY orders.status;
$$;

ALTER FUNCTION count_live_orders() OWNER TO tableorder_owner;

REVOKE ALL ON FUNCTION count_live_orders() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION count_live_orders() TO tableorder;
