-- Every wrong login takes as long as the most expensive password hash; this index finds that hash without a full scan.
-- depends: 0032.count-failed-logins
-- transactional: false

CREATE INDEX CONCURRENTLY idx_stores_password_cost ON stores (substr(admin_password_hash, 5, 2))
 WHERE admin_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$';
