-- How much a session has ordered, for the limits: asked by an order once it has locked the session, so that it counts
-- every order before it. A function, because its query sees what was committed while the order waited for the lock;
-- the statement that calls it does not. Voided orders count for the rate, or a guest who may cancel had none.
-- https://www.postgresql.org/docs/current/xfunc-volatility.html
-- depends: 0025.count-live-orders

CREATE FUNCTION session_load(of_session uuid, of_store integer, of_key text, order_rate integer)
    RETURNS TABLE (is_repeat boolean, order_count bigint, line_count bigint, wait double precision)
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN QUERY
    SELECT EXISTS (SELECT FROM idempotency_keys
                    WHERE idempotency_keys.session_id = of_session
                      AND idempotency_keys.idempotency_key = of_key),
           (SELECT count(*) FROM orders WHERE orders.session_id = of_session),
           (SELECT count(*)
              FROM orders
              JOIN order_items ON order_items.order_id = orders.order_id
             WHERE orders.session_id = of_session),
           CASE WHEN order_rate IS NOT NULL THEN (
               SELECT extract(epoch FROM recent.order_time + interval '60 seconds' - now())::double precision
                 FROM (
                     SELECT orders.order_time
                       FROM orders
                      WHERE orders.session_id = of_session
                        AND orders.order_time > now() - interval '60 seconds'
                     UNION ALL
                     SELECT (order_voids.voided_order ->> 'order_time')::timestamptz
                       FROM order_voids
                      WHERE order_voids.store_id = of_store
                        AND order_voids.voided_at > now() - interval '60 seconds'
                        AND order_voids.session_id = of_session
                 ) AS recent
                WHERE recent.order_time > now() - interval '60 seconds'
                ORDER BY recent.order_time DESC
               OFFSET order_rate - 1
                LIMIT 1) END;
END;
$$;

ALTER FUNCTION session_load(uuid, integer, text, integer) OWNER TO tableorder_owner;
