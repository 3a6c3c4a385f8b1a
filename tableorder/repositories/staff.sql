-- name: list_staff
SELECT json_build_object(
           'store_id', %(store_id)s,
           'staff', COALESCE(json_agg(staff_document(staff) ORDER BY staff_id), '[]'))::text
  FROM staff
 WHERE store_id = %(store_id)s AND role = ANY(%(roles)s);

-- name: add_staff
-- Additions to a store wait for each other, so that each counts those before. The owner's name is not given again.
SELECT pg_advisory_xact_lock(7283467, %(store_id)s);

WITH present AS (
    SELECT count(*) FILTER (WHERE is_active) AS active, count(*) AS kept
      FROM staff
     WHERE store_id = %(store_id)s
), owned AS (
    SELECT EXISTS (SELECT
                     FROM stores
                    WHERE store_id = %(store_id)s AND admin_username = %(username)s) AS is_owners
), added AS (
    INSERT INTO staff (store_id, username, display_name, role, password_hash)
    SELECT %(store_id)s, %(username)s, %(display_name)s, %(role)s, %(password_hash)s
      FROM present, owned
     WHERE NOT owned.is_owners
       AND (%(limit)s = 0 OR present.active < %(limit)s AND present.kept < %(kept)s)
    RETURNING staff_document(staff)::text AS document
)
SELECT (SELECT document FROM added), is_owners FROM owned;

-- name: change_staff
SELECT pg_advisory_xact_lock(7283467, %(store_id)s) WHERE %(is_active)s;

SELECT FROM staff WHERE staff_id = %(staff_id)s FOR NO KEY UPDATE;

WITH present AS MATERIALIZED (
    SELECT staff_id, role,
           %(limit)s = 0
           OR is_active
           OR %(is_active)s IS NOT TRUE
           OR (SELECT count(*) FROM staff WHERE store_id = %(store_id)s AND is_active) < %(limit)s AS has_room
      FROM staff
     WHERE staff_id = %(staff_id)s
), changed AS (
    UPDATE staff
       SET display_name = COALESCE(%(display_name)s, staff.display_name),
           role = COALESCE(%(role)s, staff.role),
           password_hash = COALESCE(%(password_hash)s, staff.password_hash),
           is_active = COALESCE(%(is_active)s, staff.is_active),
           token_epoch = staff.token_epoch
                         + (%(revoke)s
                            OR %(password_hash)s IS NOT NULL
                            OR COALESCE(%(role)s, staff.role) <> staff.role
                            OR COALESCE(%(is_active)s, staff.is_active) <> staff.is_active)::int
      FROM present
     WHERE staff.staff_id = present.staff_id AND present.role = ANY(%(roles)s) AND present.has_room
    RETURNING staff_document(staff)::text AS document
)
SELECT role, has_room, (SELECT document FROM changed) FROM present;
