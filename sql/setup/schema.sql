-- Sets the rights in the new database, and creates uuid-ossp where the server offers it. The schema itself needs no
-- extension. Safe to run twice. The migrations create the tables.
--
--   psql -v ON_ERROR_STOP=1 -d tableorder_db -f sql/setup/schema.sql

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tableorder_owner;
GRANT USAGE ON SCHEMA public TO tableorder;

SELECT 'CREATE EXTENSION IF NOT EXISTS "uuid-ossp"'
 WHERE EXISTS (SELECT FROM pg_available_extensions WHERE name = 'uuid-ossp')
\gexec
