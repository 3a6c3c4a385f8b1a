-- name: list_devices
SELECT json_build_object(
           'store_id', %(store_id)s,
           'devices', COALESCE(json_agg(device_document(devices) ORDER BY device_id), '[]'))::text
  FROM devices
 WHERE store_id = %(store_id)s;

-- name: add_enrolment
-- Additions for one table wait for each other, so that each counts those before.
SELECT FROM tables WHERE table_id = %(table_id)s FOR NO KEY UPDATE;

WITH place AS (
    SELECT store_id, table_id FROM tables WHERE table_id = %(table_id)s
), added AS (
    INSERT INTO enrolments (code_hash, store_id, table_id, expires_at)
    SELECT %(code_hash)s, place.store_id, place.table_id, clock_timestamp() + %(lifetime)s * interval '1 second'
      FROM place
     WHERE %(limit)s = 0
        OR (SELECT count(*)
              FROM enrolments
             WHERE enrolments.store_id = place.store_id
               AND enrolments.table_id = place.table_id
               AND enrolments.expires_at > now()) < %(limit)s
    RETURNING expires_at
)
SELECT place.table_id, added.expires_at FROM place LEFT JOIN added ON true;

-- name: enrol
-- The audit log has the address. Guesses from one address wait for each other, so that each counts those before. A right
-- code clears no count: the owner of another store could use codes of their own between guesses.
SELECT set_config('app.address', %(address)s, true);

INSERT INTO failed_logins AS guessed (kind, account_id, address, failed_at, last_failed_at)
VALUES ('enrolment', 0, %(address)s, '{}', now())
    ON CONFLICT (kind, account_id, address) DO UPDATE
   SET last_failed_at = now();

WITH barred AS MATERIALIZED (
    SELECT (SELECT ceil(extract(epoch FROM guess.at + %(window)s * interval '1 second' - now()))::integer
              FROM failed_logins
             CROSS JOIN LATERAL unnest(failed_at) AS guess (at)
             WHERE kind = 'enrolment'
               AND account_id = 0
               AND address = %(address)s
               AND guess.at > now() - %(window)s * interval '1 second'
             ORDER BY guess.at DESC
            OFFSET %(guesses)s - 1
             LIMIT 1) AS seconds
), tried AS MATERIALIZED (
    SELECT barred.seconds,
           CASE WHEN barred.seconds IS NULL
                THEN enrol_device(%(code_hash)s, %(token_hash)s, %(device_name)s, %(limit)s) END AS device
      FROM barred
), counted AS (
    UPDATE failed_logins
       SET failed_at = (failed_at || now())[greatest(1, cardinality(failed_at) + 2 - %(guesses)s):]
      FROM tried
     WHERE kind = 'enrolment'
       AND account_id = 0
       AND address = %(address)s
       AND tried.seconds IS NULL
       AND tried.device IS NULL
)
SELECT seconds, device FROM tried;

-- name: log_in
-- The device is locked first: until the end it is neither moved nor revoked.
SELECT FROM devices WHERE token_hash = %(token_hash)s FOR NO KEY UPDATE;

WITH seen AS (
    UPDATE devices
       SET last_seen_at = now()
      FROM stores
     WHERE devices.token_hash = %(token_hash)s AND stores.store_id = devices.store_id AND stores.is_active
    RETURNING devices.store_id, devices.table_id
)
INSERT INTO table_sessions (store_id, table_id)
SELECT store_id, table_id FROM seen
    ON CONFLICT (table_id) WHERE is_active DO NOTHING;

SELECT devices.store_id, devices.table_id, tables.table_number, table_sessions.session_id::text, devices.device_id,
       devices.token_epoch, stores.store_name
  FROM devices
  JOIN tables ON tables.table_id = devices.table_id
  JOIN stores ON stores.store_id = devices.store_id AND stores.is_active
  LEFT JOIN table_sessions ON table_sessions.table_id = devices.table_id AND table_sessions.is_active
 WHERE devices.token_hash = %(token_hash)s;

-- name: change_device
SELECT FROM devices WHERE device_id = %(device_id)s FOR NO KEY UPDATE;

UPDATE devices
   SET device_name = COALESCE(%(device_name)s, device_name),
       table_id = COALESCE(%(table_id)s, table_id),
       token_epoch = token_epoch + (COALESCE(%(table_id)s, table_id) <> table_id)::int
 WHERE device_id = %(device_id)s
RETURNING device_document(devices)::text;
