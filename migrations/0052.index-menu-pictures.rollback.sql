-- transactional: false

ALTER TABLE menus
    DROP CONSTRAINT menus_picture_sha256_fkey,
    ADD CONSTRAINT menus_picture_sha256_fkey
    FOREIGN KEY (store_id, picture_sha256) REFERENCES pictures (store_id, sha256) NOT VALID;

DROP INDEX CONCURRENTLY IF EXISTS idx_menus_picture;
