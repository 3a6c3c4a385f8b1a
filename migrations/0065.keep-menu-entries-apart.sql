-- A name of a menu's document stands for one thing of a store; what is retired gives its name back. The names of categories
-- are compared when a statement is over, so that one that renames several may let them change places.
-- depends: 0064.name-menu-entries
-- transactional: false

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS categories_external_ref_key
    ON categories (store_id, external_ref) WHERE external_ref IS NOT NULL;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS menus_external_ref_key
    ON menus (store_id, external_ref) WHERE external_ref IS NOT NULL AND deleted_at IS NULL;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS option_groups_external_ref_key
    ON option_groups (store_id, external_ref) WHERE external_ref IS NOT NULL AND deleted_at IS NULL;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS options_external_ref_key
    ON options (store_id, external_ref) WHERE external_ref IS NOT NULL AND deleted_at IS NULL;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS dayparts_external_ref_key
    ON dayparts (store_id, external_ref) WHERE external_ref IS NOT NULL;

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS categories_deferrable_key ON categories (store_id, category_name);

ALTER TABLE categories
    -- squawk-ignore ban-drop-constraint
    DROP CONSTRAINT categories_store_id_category_name_key,
    ADD CONSTRAINT categories_store_id_category_name_key UNIQUE USING INDEX categories_deferrable_key DEFERRABLE;
