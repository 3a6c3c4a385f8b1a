-- transactional: false

DROP INDEX CONCURRENTLY IF EXISTS idx_menus_picture;
