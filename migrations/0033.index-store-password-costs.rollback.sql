-- transactional: false

DROP INDEX CONCURRENTLY idx_stores_password_cost;
