-- Every wrong login takes as long as the most expensive password hash; this index finds that hash without a full scan.
-- depends: 0033.index-store-password-costs
-- transactional: false

CREATE INDEX CONCURRENTLY idx_tables_password_cost ON tables (substr(table_password_hash, 5, 2))
 WHERE table_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$';
