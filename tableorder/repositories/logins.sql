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
