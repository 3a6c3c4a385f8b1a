-- The dearest hash of a password decides how long every wrong login takes; this finds it without reading every row.
-- depends: 0032.count-failed-logins
-- transactional: false

CREATE INDEX CONCURRENTLY idx_stores_password_cost ON stores (substr(admin_password_hash, 5, 2))
 WHERE admin_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$';
