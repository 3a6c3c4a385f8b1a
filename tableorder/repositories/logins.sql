-- name: find_person
WITH found AS (
    SELECT stores.store_id, stores.store_name, stores.admin_username AS username,
           stores.admin_password_hash AS password_hash, stores.token_epoch,
           'owner' AS role, NULL::integer AS staff_id
      FROM stores
     WHERE stores.store_id = %(store_id)s AND stores.admin_username = %(username)s AND stores.is_active
     UNION ALL
    SELECT stores.store_id, stores.store_name, staff.username, staff.password_hash, staff.token_epoch,
           staff.role, staff.staff_id
      FROM staff
      JOIN stores ON stores.store_id = staff.store_id AND stores.is_active
     WHERE staff.store_id = %(store_id)s AND staff.username = %(username)s AND staff.is_active
     LIMIT 1
)
SELECT standing.is_known, standing.barred, standing.entry, dearest_password_cost(),
       found.store_id, found.store_name, found.username, found.password_hash, found.token_epoch,
       found.role, found.staff_id
  FROM (VALUES (true)) AS asked (at_all)
  LEFT JOIN found ON true
 CROSS JOIN LATERAL login_standing(
           CASE WHEN found.store_id IS NULL THEN 'unknown'
                WHEN found.staff_id IS NULL THEN 'admin'
                ELSE 'staff' END,
           COALESCE(found.staff_id, found.store_id, %(unknown_id)s),
           %(address)s, %(window)s, %(account_limit)s, %(familiar_limit)s, %(address_limit)s) AS standing;

-- name: find_approver
-- Failures count apart from those of the password: 'admin_pin' and 'staff_pin' in the place of 'admin' and 'staff'.
WITH found AS (
    SELECT stores.store_id, stores.store_name, stores.admin_username AS username, stores.pin_hash, stores.token_epoch,
           'owner' AS role, NULL::integer AS staff_id
      FROM stores
     WHERE stores.store_id = %(store_id)s
       AND stores.admin_username = %(username)s
       AND stores.pin_hash IS NOT NULL
       AND stores.is_active
     UNION ALL
    SELECT stores.store_id, stores.store_name, staff.username, staff.pin_hash, staff.token_epoch, staff.role,
           staff.staff_id
      FROM staff
      JOIN stores ON stores.store_id = staff.store_id AND stores.is_active
     WHERE staff.store_id = %(store_id)s
       AND staff.username = %(username)s
       AND staff.role = 'manager'
       AND staff.pin_hash IS NOT NULL
       AND staff.is_active
     LIMIT 1
)
SELECT standing.is_known, standing.barred, standing.entry, dearest_password_cost(),
       found.store_id, found.store_name, found.username, found.pin_hash, found.token_epoch, found.role, found.staff_id
  FROM (VALUES (true)) AS asked (at_all)
  LEFT JOIN found ON true
 CROSS JOIN LATERAL login_standing(
           CASE WHEN found.store_id IS NULL THEN 'unknown'
                WHEN found.staff_id IS NULL THEN 'admin_pin'
                ELSE 'staff_pin' END,
           COALESCE(found.staff_id, found.store_id, %(unknown_id)s),
           %(address)s, %(window)s, %(account_limit)s, %(familiar_limit)s, %(address_limit)s) AS standing;

-- name: record_success
SELECT
  FROM failed_logins
 WHERE kind = %(kind)s AND account_id = %(account_id)s
 ORDER BY address
   FOR UPDATE;

WITH standing AS MATERIALIZED (
    SELECT is_familiar, GREATEST(barred, entry) AS seconds
      FROM login_standing(%(kind)s, %(account_id)s, %(address)s, %(window)s, %(account_limit)s,
                          %(familiar_limit)s, %(address_limit)s)
), admitted AS MATERIALIZED (
    SELECT is_familiar FROM standing WHERE seconds IS NULL
), settled AS (
    SELECT failed_logins.address
      FROM failed_logins
     CROSS JOIN admitted
     WHERE failed_logins.kind = %(kind)s
       AND failed_logins.account_id = %(account_id)s
       AND (failed_logins.address = %(address)s
            OR (failed_logins.address = '' AND NOT admitted.is_familiar))
       FOR UPDATE OF failed_logins SKIP LOCKED
), cleared AS (
    DELETE FROM failed_logins
     USING settled
     WHERE failed_logins.kind = %(kind)s
       AND failed_logins.account_id = %(account_id)s
       AND failed_logins.address = settled.address
), remembered AS (
    INSERT INTO familiar_addresses AS familiar (kind, account_id, address)
    SELECT %(kind)s, %(account_id)s, %(address)s
      FROM admitted
        ON CONFLICT (kind, account_id, address) DO UPDATE
       SET last_login_at = now()
     WHERE familiar.last_login_at < now() - interval '1 day'
), surplus AS (
    SELECT familiar_addresses.address
      FROM familiar_addresses
     WHERE familiar_addresses.kind = %(kind)s
       AND familiar_addresses.account_id = %(account_id)s
       AND familiar_addresses.address <> %(address)s
     ORDER BY familiar_addresses.last_login_at DESC
    OFFSET %(familiar_addresses)s - 1
       FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM familiar_addresses
     USING surplus
     WHERE familiar_addresses.kind = %(kind)s
       AND familiar_addresses.account_id = %(account_id)s
       AND familiar_addresses.address = surplus.address
), renewed_table AS (
    UPDATE tables
       SET table_password_hash = %(new_hash)s
      FROM admitted
     WHERE %(kind)s = 'table'
       AND tables.table_id = %(account_id)s
       AND tables.table_password_hash = %(old_hash)s
), renewed_admin AS (
    UPDATE stores
       SET admin_password_hash = %(new_hash)s
      FROM admitted
     WHERE %(kind)s = 'admin'
       AND stores.store_id = %(account_id)s
       AND stores.admin_password_hash = %(old_hash)s
), renewed_staff AS (
    UPDATE staff
       SET password_hash = CASE staff.password_hash
                                WHEN %(old_hash)s THEN %(new_hash)s
                                ELSE staff.password_hash END,
           last_login_at = now()
      FROM admitted
     WHERE %(kind)s = 'staff' AND staff.staff_id = %(account_id)s
)
SELECT seconds, CASE WHEN seconds IS NULL THEN record_login(%(kind)s, %(account_id)s, %(address)s) END FROM standing;
