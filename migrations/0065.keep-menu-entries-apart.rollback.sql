-- transactional: false

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS categories_immediate_key ON categories (store_id, category_name);

ALTER TABLE categories
    DROP CONSTRAINT categories_store_id_category_name_key,
    ADD CONSTRAINT categories_store_id_category_name_key UNIQUE USING INDEX categories_immediate_key;

DROP INDEX CONCURRENTLY IF EXISTS dayparts_external_ref_key;

DROP INDEX CONCURRENTLY IF EXISTS options_external_ref_key;

DROP INDEX CONCURRENTLY IF EXISTS option_groups_external_ref_key;

DROP INDEX CONCURRENTLY IF EXISTS menus_external_ref_key;

DROP INDEX CONCURRENTLY IF EXISTS categories_external_ref_key;
