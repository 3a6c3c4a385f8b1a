-- Which menus show a picture is asked when one of them no longer does, and when the picture is removed.
-- depends: 0051.create-pictures
-- transactional: false

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_menus_picture
    ON menus (store_id, picture_sha256) WHERE picture_sha256 IS NOT NULL;

ALTER TABLE menus VALIDATE CONSTRAINT menus_picture_sha256_fkey;
