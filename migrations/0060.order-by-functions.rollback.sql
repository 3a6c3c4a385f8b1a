CREATE OR REPLACE FUNCTION order_item_price(base_price integer, options jsonb) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    RETURN base_price + COALESCE((
        SELECT sum((chosen ->> 'price_delta')::bigint * (chosen ->> 'quantity')::bigint)
          FROM jsonb_array_elements(options) AS chosen), 0);

DROP FUNCTION sell_stock(jsonb, integer, bigint);

DROP FUNCTION stock_problem(jsonb, integer, jsonb);

DROP FUNCTION lock_stock(jsonb);

DROP FUNCTION session_problem(uuid, bigint, integer, integer, integer);
