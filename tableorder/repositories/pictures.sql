-- name: measure_old_pictures
SELECT count(*), COALESCE(sum(octet_length(image_base64)), 0)
  FROM menus
 WHERE image_base64 IS NOT NULL AND deleted_at IS NULL;

-- name: find_old_picture
SELECT menu_id, store_id, image_base64
  FROM menus
 WHERE image_base64 IS NOT NULL
   AND deleted_at IS NULL
   AND (store_id, menu_id) > (%(store_id)s, %(menu_id)s)
 ORDER BY store_id, menu_id
 LIMIT 1;

-- name: replace_old_pictures
-- Changes of a store's pictures wait for each other. A menu that has another picture by now is left alone. All menus change
-- by one statement: the guests' tablets get one new menu.
SELECT pg_advisory_xact_lock(7283464, %(store_id)s);

SELECT FROM menus WHERE menu_id = ANY(%(menu_ids)s) ORDER BY menu_id FOR NO KEY UPDATE;

INSERT INTO pictures (store_id, sha256, webp)
SELECT DISTINCT %(store_id)s, given.sha256, given.webp
  FROM unnest(%(sha256s)s::bytea[], %(webps)s::bytea[]) AS given (sha256, webp)
 ORDER BY given.sha256
    ON CONFLICT (store_id, sha256) DO UPDATE
   SET unused_since = pictures.unused_since;

WITH changed AS (
    UPDATE menus
       SET image_base64 = NULL, picture_sha256 = given.sha256
      FROM unnest(%(menu_ids)s, %(data_urls)s::text[], %(sha256s)s::bytea[]) AS given (menu_id, data_url, sha256)
     WHERE menus.menu_id = given.menu_id AND menus.deleted_at IS NULL AND menus.image_base64 = given.data_url
    RETURNING menus.menu_id
)
SELECT count(*) FROM changed;
