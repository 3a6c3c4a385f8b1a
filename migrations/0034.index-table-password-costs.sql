-- The dearest hash of a password decides how long every wrong login takes; this finds it without reading every row.
-- depends: 0033.index-store-password-costs
-- transactional: false

CREATE INDEX CONCURRENTLY idx_tables_password_cost ON tables (substr(table_password_hash, 5, 2))
 WHERE table_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$';
