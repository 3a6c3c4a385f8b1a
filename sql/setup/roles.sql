-- Creates the roles, which belong to the whole server. Run it as a superuser or a role with CREATEROLE. Safe to run twice.
--
--   tableorder_owner  owns the database and its tables. Nobody logs in as it; roles that migrate are its members.
--   tableorder        the application: may read and write rows, under row-level security. bin/create-db sets its
--                     password; by hand: \password tableorder

SELECT 'CREATE ROLE tableorder_owner NOLOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tableorder_owner')
\gexec

SELECT 'CREATE ROLE tableorder'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tableorder')
\gexec

ALTER ROLE tableorder LOGIN;

-- The application logs its slow statements itself, without their values, such as a password's hash.
SELECT 'ALTER ROLE tableorder SET log_min_duration_statement = -1'
 WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
\gexec

-- A role that is no superuser must be a member of a role to give it a database, and of both roles to migrate.
SELECT format('GRANT %I TO %I', rolname, current_user)
  FROM pg_roles
 WHERE rolname IN ('tableorder_owner', 'tableorder')
   AND NOT pg_has_role(current_user, oid, 'USAGE')
\gexec
