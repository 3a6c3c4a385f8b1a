-- name: list_stock
SELECT json_build_object(
           'store_id', %(store_id)s::int,
           'stock', COALESCE(json_agg(json_build_object(
                                 'stock_id', stock.stock_id,
                                 'menu_id', stock.menu_id,
                                 'option_id', stock.option_id,
                                 'name', COALESCE(menus.menu_name, options.option_name),
                                 'remaining', stock.remaining,
                                 'low_at', stock.low_at,
                                 'epoch', stock.epoch)
                             ORDER BY stock.remaining, stock.stock_id), '[]'))::text
  FROM stock
  LEFT JOIN menus ON menus.menu_id = stock.menu_id
  LEFT JOIN options ON options.option_id = stock.option_id
 WHERE stock.store_id = %(store_id)s
   AND stock.remaining IS NOT NULL
   AND menus.deleted_at IS NULL
   AND options.deleted_at IS NULL;

-- name: set_stock
-- The dish or the option is locked first, so that it is not retired meanwhile. A new count begins a new epoch.
SELECT FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL FOR SHARE;

SELECT FROM options WHERE option_id = %(option_id)s AND deleted_at IS NULL FOR SHARE;

WITH subject AS (
    SELECT store_id, menu_id, NULL::int AS option_id
      FROM menus
     WHERE menu_id = %(menu_id)s AND deleted_at IS NULL
     UNION ALL
    SELECT store_id, NULL, option_id
      FROM options
     WHERE option_id = %(option_id)s AND deleted_at IS NULL
), counted AS (
    INSERT INTO stock (store_id, menu_id, option_id, remaining, low_at)
    SELECT store_id, menu_id, option_id, %(remaining)s, %(low_at)s FROM subject WHERE menu_id IS NOT NULL
        ON CONFLICT (menu_id) DO UPDATE
       SET remaining = EXCLUDED.remaining, low_at = EXCLUDED.low_at, epoch = stock.epoch + 1
    RETURNING store_id, stock_id, epoch, stock_document(stock) AS document
), counted_option AS (
    INSERT INTO stock (store_id, menu_id, option_id, remaining, low_at)
    SELECT store_id, menu_id, option_id, %(remaining)s, %(low_at)s FROM subject WHERE option_id IS NOT NULL
        ON CONFLICT (option_id) DO UPDATE
       SET remaining = EXCLUDED.remaining, low_at = EXCLUDED.low_at, epoch = stock.epoch + 1
    RETURNING store_id, stock_id, epoch, stock_document(stock) AS document
), either AS (
    SELECT store_id, stock_id, epoch, document FROM counted
     UNION ALL
    SELECT store_id, stock_id, epoch, document FROM counted_option
), moved AS (
    INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason, moved_by)
    SELECT store_id, stock_id, epoch, COALESCE(%(remaining)s, 0), 'set', %(username)s FROM either
)
SELECT document::text FROM either;

-- name: adjust_stock
SELECT FROM stock WHERE stock_id = %(stock_id)s FOR UPDATE;

WITH repeated AS (
    SELECT request_hash = %(request_hash)s AS same, answer
      FROM admin_keys
     WHERE store_id = %(store_id)s
       AND action = 'adjust_stock'
       AND subject_id = %(stock_id)s
       AND idempotency_key = %(key)s
), present AS MATERIALIZED (
    SELECT store_id, stock_id, epoch, remaining FROM stock WHERE stock_id = %(stock_id)s
), adjusted AS (
    UPDATE stock
       SET remaining = present.remaining + %(delta)s
      FROM present
     WHERE stock.stock_id = present.stock_id
       AND present.remaining + %(delta)s BETWEEN 0 AND 2147483647
       AND NOT EXISTS (SELECT FROM repeated)
    RETURNING stock.store_id, stock.stock_id, stock.epoch, stock_document(stock) AS document
), moved AS (
    INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason, moved_by)
    SELECT store_id, stock_id, epoch, %(delta)s, %(reason)s, %(username)s FROM adjusted
), kept AS (
    INSERT INTO admin_keys (store_id, action, subject_id, idempotency_key, request_hash, answer)
    SELECT store_id, 'adjust_stock', stock_id, %(key)s, %(request_hash)s, document FROM adjusted
)
SELECT COALESCE((SELECT answer FROM repeated WHERE same), (SELECT document FROM adjusted))::text AS answer,
       CASE WHEN EXISTS (SELECT FROM repeated WHERE NOT same) THEN 'idempotency_key_reused'
            WHEN NOT EXISTS (SELECT FROM present) THEN 'stock_not_found'
            WHEN (SELECT remaining FROM present) IS NULL THEN 'stock_not_counted'
            WHEN NOT EXISTS (SELECT FROM adjusted) THEN 'stock_short' END AS refusal,
       (SELECT remaining FROM present) AS remaining;
