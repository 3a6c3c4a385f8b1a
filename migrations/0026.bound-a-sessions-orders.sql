-- How much a session has ordered, for the limits: asked by an order once it has locked the session, so that it counts
-- every order before it. A function, because its queries see what was committed while the order waited for the lock;
-- the statement that calls it does not. Voided orders count for the rate, or a guest who may cancel had none.
-- https://www.postgresql.org/docs/current/xfunc-volatility.html
-- depends: 0025.count-live-orders

CREATE FUNCTION session_load(
    of_session uuid,
    of_store integer,
    of_key text,
    order_rate integer,
    counts_lines boolean,
    OUT is_repeat boolean,
    OUT order_count bigint,
    OUT line_count bigint,
    OUT wait double precision
) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    since timestamptz := now() - interval '60 seconds';
    recent bigint;
BEGIN
    is_repeat := of_key IS NOT NULL
                 AND EXISTS (SELECT FROM idempotency_keys
                              WHERE idempotency_keys.session_id = of_session
                                AND idempotency_keys.idempotency_key = of_key);
    SELECT count(*), count(*) FILTER (WHERE orders.order_time > since)
      INTO order_count, recent
      FROM orders
     WHERE orders.session_id = of_session;
    IF counts_lines THEN
        SELECT count(*) INTO line_count
          FROM orders
          JOIN order_items ON order_items.order_id = orders.order_id
         WHERE orders.session_id = of_session;
    END IF;
    IF order_rate IS NOT NULL THEN
        SELECT extract(epoch FROM latest.order_time - since) INTO wait
          FROM (
              SELECT orders.order_time
                FROM orders
               WHERE orders.session_id = of_session AND orders.order_time > since
               UNION ALL
              SELECT (order_voids.voided_order ->> 'order_time')::timestamptz
                FROM order_voids
               WHERE order_voids.store_id = of_store
                 AND order_voids.voided_at > since
                 AND order_voids.session_id = of_session
          ) AS latest
         WHERE latest.order_time > since
         ORDER BY latest.order_time DESC
        OFFSET order_rate - 1
         LIMIT 1;
    END IF;
END;
$$;

ALTER FUNCTION session_load(uuid, integer, text, integer, boolean) OWNER TO tableorder_owner;
