-- transactional: false

DROP INDEX CONCURRENTLY idx_tables_password_cost;
