-- Creates the database named by the variable `database`. Connect to another one, such as postgres. Safe to run twice.
--
--   psql -v ON_ERROR_STOP=1 -v database=tableorder_db -d postgres -f sql/setup/database.sql

SELECT format('CREATE DATABASE %I OWNER tableorder_owner TEMPLATE template0 ENCODING ''UTF8''', :'database')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec

ALTER DATABASE :"database" OWNER TO tableorder_owner;
ALTER DATABASE :"database" SET timezone TO 'Asia/Seoul';

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO tableorder;
