"""What is in a database: its tables' rows and how new they are, its migration, the roles that it speaks of."""

from __future__ import annotations

import json
from dataclasses import asdict

from psycopg2 import sql

from tableorder.backups.manifest import Contents, TableContents
from tableorder.backups.target import Connection

# The tables that a dump has, and of each the columns that grow: numbers drawn from a sequence, and moments.
TABLES = """
SELECT nspname, relname,
       array_agg(attname::text ORDER BY attnum) FILTER (WHERE attidentity <> ''),
       array_agg(attname::text ORDER BY attnum) FILTER (WHERE atttypid = 'timestamptz'::regtype)
  FROM pg_class
  JOIN pg_namespace ON pg_namespace.oid = relnamespace
  LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
 WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind IN ('r', 'p') AND NOT relispartition
   AND NOT EXISTS (SELECT FROM pg_depend
                    WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
 GROUP BY nspname, relname
 ORDER BY nspname <> 'public', nspname, relname
"""

# Owners of what is in the schemas, and those to whom something in them was granted.
ROLES = """
WITH spaces AS (
    SELECT oid, nspname, nspowner, nspacl
      FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT rolname, bool_or(role = owner AND of_public)
  FROM (SELECT relowner, relacl, nspname = 'public' FROM pg_class JOIN spaces ON spaces.oid = relnamespace
         UNION ALL
        SELECT proowner, proacl, nspname = 'public' FROM pg_proc JOIN spaces ON spaces.oid = pronamespace
         UNION ALL
        SELECT nspowner, nspacl, false FROM spaces WHERE nspname <> 'public'
         UNION ALL
        SELECT pubowner, NULL, false FROM pg_publication) AS objects (owner, acl, of_public)
 CROSS JOIN LATERAL (SELECT owner UNION SELECT grantee FROM aclexplode(acl)) AS mentioned (role)
  JOIN pg_roles ON pg_roles.oid = role
 WHERE NOT rolsuper
 GROUP BY rolname
 ORDER BY rolname
"""


def read_contents(connection: Connection) -> Contents:
    """Count the rows of every table. Raises psycopg2.Error, for one if the role may not see them all."""
    contents = {}
    with connection.cursor() as cursor:
        for table, (_, statement) in _statements(connection).items():
            cursor.execute(statement)
            [(found,)] = cursor.fetchall()
            contents[table] = TableContents(**found)
    return contents


def lock_tables(connection: Connection, contents: Contents, *, unchanged: bool) -> str:
    """SQL that locks the tables against everybody and, if asked, fails if `contents` is no longer what is in them."""
    if not contents:
        return ""
    statements = _statements(connection)
    tables = sql.SQL(", ").join(identifier for identifier, _ in statements.values())
    steps = [sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE;").format(tables)]
    if unchanged:
        steps += [
            sql.SQL("IF ({}) <> {} THEN RAISE 'rows came in meanwhile; stop the application first'; END IF;").format(
                statement, sql.Literal(json.dumps(asdict(contents.get(table, TableContents(0, {})))))
            )
            for table, (_, statement) in statements.items()
        ]
    body = sql.SQL("\n").join(steps).as_string(connection)
    return f"DO $lock$ BEGIN\n{body}\nEND $lock$;"


def migration_version(connection: Connection) -> str | None:
    """The newest applied migration, None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public._yoyo_migration') IS NOT NULL")
        [(exists,)] = cursor.fetchall()
        if not exists:
            return None
        cursor.execute("SELECT max(migration_id) FROM public._yoyo_migration")
        return cursor.fetchall()[0][0]


def roles(connection: Connection) -> dict[str, bool]:
    """The roles that this database speaks of, superusers left out, and whether each owns something in it."""
    with connection.cursor() as cursor:
        cursor.execute(ROLES)
        return dict(cursor.fetchall())


def _statements(connection: Connection) -> dict[str, tuple[sql.Identifier, sql.Composed]]:
    """Each table, and a query that describes its contents as JSON. One outside of public has its schema in its name."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return {
            table if schema == "public" else f"{schema}.{table}": (
                sql.Identifier(schema, table),
                _statement(sql.Identifier(schema, table), numbers or [], moments or []),
            )
            for schema, table, numbers, moments in cursor
        }


def _statement(table: sql.Identifier, numbers: list[str], moments: list[str]) -> sql.Composed:
    greatest = {column: sql.SQL("max({})") for column in numbers}
    greatest |= {column: sql.SQL("(extract(epoch FROM max({})) * 1000000)::bigint") for column in moments}
    pairs = [
        sql.SQL("{}, {}").format(sql.Literal(column), value.format(sql.Identifier(column)))
        for column, value in greatest.items()
    ]
    return sql.SQL("SELECT jsonb_build_object('rows', count(*), 'newest', jsonb_build_object({})) FROM {}").format(
        sql.SQL(", ").join(pairs), table
    )
