-- What only some orders need is in functions, which PostgreSQL prepares and runs only then: as parts of the statement that
-- places an order, the stock and the limits of a session cost each order, also one that counts nothing.
-- depends: 0059.create-dayparts

-- Why a session may order nothing more at present, as {"code", …}, or null. 0 is no limit.
CREATE FUNCTION session_problem(
    of_session uuid, lines_sent bigint, order_rate integer, session_orders integer, session_lines integer) RETURNS jsonb
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    used record;
BEGIN
    SELECT count(*) AS orders,
           count(*) FILTER (WHERE order_time > now() - interval '60 seconds') AS recent,
           min(order_time) FILTER (WHERE order_time > now() - interval '60 seconds') AS recent_since
      INTO used
      FROM orders
     WHERE session_id = of_session;
    IF current_setting('app.locked_session') = '' OR order_rate > 0 AND used.recent >= order_rate THEN
        RETURN jsonb_build_object(
            'code', 'too_many_orders',
            'order_rate', order_rate,
            'wait', extract(epoch FROM used.recent_since + interval '60 seconds' - now()));
    END IF;
    IF session_orders > 0 AND used.orders >= session_orders THEN
        RETURN jsonb_build_object('code', 'limit_reached', 'limit', session_orders, 'noun', 'orders');
    END IF;
    IF session_lines > 0 AND 50 * (used.orders + 1) > session_lines THEN  -- an order has 50 lines at most
        IF lines_sent > session_lines - (SELECT count(*)
                                           FROM order_items
                                           JOIN orders ON orders.order_id = order_items.order_id
                                          WHERE orders.session_id = of_session) THEN
            RETURN jsonb_build_object('code', 'limit_reached', 'limit', session_lines, 'noun', 'lines');
        END IF;
    END IF;
    IF session_lines > 0 AND 500 * used.orders >= session_lines THEN  -- a line has 30 options at most
        IF 3 * session_lines::bigint <= (SELECT sum(jsonb_array_length(order_items.options))
                                           FROM order_items
                                           JOIN orders ON orders.order_id = order_items.order_id
                                          WHERE orders.session_id = of_session) THEN
            RETURN jsonb_build_object(
                'code', 'limit_reached', 'limit', 3 * session_lines::bigint, 'noun', 'options in its lines');
        END IF;
    END IF;
    RETURN NULL;
END;
$$;

-- Locks what is counted of an order's lines ([`menu_id`, `quantity`, `choice`, of which `options` are those chosen]). Returns
-- [{"stock_id", "menu_id", "option_id", "epoch", "remaining", "requested"}, …], or null.
CREATE FUNCTION lock_stock(lines jsonb) RETURNS jsonb
    LANGUAGE plpgsql AS $$
BEGIN
    RETURN (
        WITH line AS (
            SELECT menu_id, quantity, choice -> 'options' AS options
              FROM jsonb_to_recordset(lines) AS line (menu_id int, quantity int, choice jsonb)
        ), needed AS MATERIALIZED (
            SELECT stock_id, sum(quantity) AS requested
              FROM (SELECT stock.stock_id, line.quantity
                      FROM line
                      JOIN stock ON stock.menu_id = line.menu_id
                     UNION ALL
                    SELECT stock.stock_id, line.quantity * (option ->> 'quantity')::int
                      FROM line
                     CROSS JOIN jsonb_array_elements(line.options) AS option
                      JOIN stock ON stock.option_id = (option ->> 'option_id')::int) AS each
             GROUP BY stock_id
        ), counted AS MATERIALIZED (
            SELECT stock.stock_id, stock.menu_id, stock.option_id, stock.epoch, stock.remaining, needed.requested
              FROM needed
              JOIN stock ON stock.stock_id = needed.stock_id
             WHERE stock.remaining IS NOT NULL
             ORDER BY stock.stock_id
               FOR UPDATE OF stock
        )
        SELECT jsonb_agg(to_jsonb(counted)) FROM counted);
END;
$$;

-- What a line lacks of what lock_stock() has locked, as {"code", …}, or null: of the menu itself, or of the first such option.
CREATE FUNCTION stock_problem(locked jsonb, of_menu integer, choice jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT CASE WHEN short.menu_id IS NOT NULL THEN jsonb_build_object('code', 'menu_sold_out')
                    ELSE jsonb_build_object('code', 'option_sold_out', 'option_id', short.option_id) END
               || jsonb_build_object('remaining', short.remaining, 'requested', short.requested)
          FROM jsonb_to_recordset(locked) AS short (menu_id int, option_id int, remaining int, requested bigint)
          LEFT JOIN jsonb_array_elements(choice -> 'options') WITH ORDINALITY AS chosen (option, position)
            ON short.option_id = (chosen.option ->> 'option_id')::int
         WHERE short.remaining < short.requested
           AND (short.menu_id = of_menu OR chosen.position IS NOT NULL)
         ORDER BY chosen.position NULLS FIRST
         LIMIT 1);
END;
$$;

-- Takes for an order what lock_stock() has locked.
CREATE FUNCTION sell_stock(locked jsonb, of_store integer, to_order bigint) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stock
       SET remaining = sold.remaining - sold.requested
      FROM jsonb_to_recordset(locked) AS sold (stock_id int, remaining int, requested bigint)
     WHERE stock.stock_id = sold.stock_id;
    INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason, order_id)
    SELECT of_store, stock_id, epoch, -requested, 'sold', to_order
      FROM jsonb_to_recordset(locked) AS sold (stock_id int, epoch int, requested bigint);
END;
$$;

-- The check of a line's price has this function. In SQL, PostgreSQL tried to inline it into the check for each order.
CREATE OR REPLACE FUNCTION order_item_price(base_price integer, options jsonb) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN base_price + COALESCE((
        SELECT sum((chosen ->> 'price_delta')::bigint * (chosen ->> 'quantity')::bigint)
          FROM jsonb_array_elements(options) AS chosen), 0);
END;
$$;

ALTER FUNCTION session_problem(uuid, bigint, integer, integer, integer) OWNER TO tableorder_owner;

ALTER FUNCTION lock_stock(jsonb) OWNER TO tableorder_owner;

ALTER FUNCTION stock_problem(jsonb, integer, jsonb) OWNER TO tableorder_owner;

ALTER FUNCTION sell_stock(jsonb, integer, bigint) OWNER TO tableorder_owner;
