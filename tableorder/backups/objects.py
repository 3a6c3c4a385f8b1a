"""What is in a database beside rows: what a restore has to clear away, and what the backup does not bring back."""

from __future__ import annotations

from psycopg2 import sql

from tableorder.backups.target import Connection

# Whatever is not the server's, and not an extension's: how a dump's table of contents begins the line of it; how
# people call it; and of what it is a part, which goes with the whole.
PRESENT = """
WITH spaces AS (
    SELECT oid, nspname
      FROM pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_namespace'::regclass AND objid = pg_namespace.oid AND deptype = 'e')
), relations AS (
    SELECT pg_class.oid, relkind, nspname, relname,
           CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
                        WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END AS kind
      FROM pg_class
      JOIN spaces ON spaces.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I')
       AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
), objects AS (
    SELECT 'SCHEMA' AS kind, '-' AS space, nspname::text AS name, NULL AS whole
      FROM spaces
     WHERE nspname <> 'public'
     UNION ALL
    SELECT kind, nspname, relname, 'SCHEMA - ' || nspname
      FROM relations
     WHERE kind <> 'INDEX'
       AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_class'::regclass AND objid = relations.oid AND relkind = 'S'
                          AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i'))
     UNION ALL
    SELECT 'INDEX', relations.nspname, relations.relname, concat_ws(' ', tables.kind, tables.nspname, tables.relname)
      FROM relations
      JOIN pg_index ON indexrelid = relations.oid
      JOIN relations AS tables ON tables.oid = indrelid
     WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = relations.oid)
     UNION ALL
    SELECT 'TRIGGER', nspname, concat(relname, ' ', tgname), concat_ws(' ', kind, nspname, relname)
      FROM pg_trigger
      JOIN relations ON relations.oid = tgrelid
     WHERE NOT tgisinternal
     UNION ALL
    SELECT 'POLICY', nspname, concat(relname, ' ', polname), concat_ws(' ', kind, nspname, relname)
      FROM pg_policy
      JOIN relations ON relations.oid = polrelid
     UNION ALL
    SELECT CASE prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, nspname,
           format('%s(%s)', proname, (SELECT string_agg(format_type(type, NULL), ', ' ORDER BY place)
                                        FROM unnest(proargtypes) WITH ORDINALITY AS arguments (type, place))),
           'SCHEMA - ' || nspname
      FROM pg_proc
      JOIN spaces ON spaces.oid = pronamespace
     WHERE NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
     UNION ALL
    SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, nspname, typname, 'SCHEMA - ' || nspname
      FROM pg_type
      JOIN spaces ON spaces.oid = typnamespace
      LEFT JOIN pg_class ON pg_class.oid = typrelid
     WHERE (typtype IN ('d', 'e', 'r') OR relkind = 'c')
       AND NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_type'::regclass AND objid = pg_type.oid AND deptype = 'e')
     UNION ALL
    SELECT 'PUBLICATION', '-', pubname, NULL
      FROM pg_publication
     UNION ALL
    SELECT 'EVENT TRIGGER', '-', evtname, NULL
      FROM pg_event_trigger
     WHERE NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_event_trigger'::regclass AND objid = pg_event_trigger.oid AND deptype = 'e')
     UNION ALL
    SELECT 'SERVER', '-', srvname, NULL
      FROM pg_foreign_server
     WHERE NOT EXISTS (SELECT FROM pg_depend
                        WHERE classid = 'pg_foreign_server'::regclass AND objid = pg_foreign_server.oid
                          AND deptype = 'e')
)
SELECT concat_ws(' ', kind, space, name) AS entry,
       concat(lower(kind), ' ', nullif(nullif(space, '-'), 'public') || '.', name) AS called,
       whole
  FROM objects
 ORDER BY entry
"""

# What the dump will bring again, and what is not in it. Extensions stay, and the schemas that they are in.
CLEAR = """
DO $clear$
DECLARE
    statement text;
BEGIN
    FOR statement IN
          WITH spaces AS (
              SELECT oid, nspname, nspname = 'public' OR EXISTS (SELECT FROM pg_extension
                                                                  WHERE extnamespace = pg_namespace.oid) AS stays
                FROM pg_namespace
               WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
          ), present AS (
              SELECT 1 AS turn, 'EVENT TRIGGER' AS kind, quote_ident(evtname) AS name, oid,
                     'pg_event_trigger'::regclass AS class
                FROM pg_event_trigger
               UNION ALL
              SELECT 1, 'PUBLICATION', quote_ident(pubname), oid, 'pg_publication'::regclass
                FROM pg_publication
               UNION ALL
              SELECT 2, 'SCHEMA', quote_ident(nspname), oid, 'pg_namespace'::regclass
                FROM spaces
               WHERE NOT stays
               UNION ALL
              SELECT CASE relkind WHEN 'v' THEN 3 WHEN 'm' THEN 3 WHEN 'S' THEN 5 ELSE 4 END,
                     CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                                  WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
                     pg_class.oid::regclass::text, pg_class.oid, 'pg_class'::regclass
                FROM pg_class
                JOIN spaces ON spaces.oid = relnamespace AND stays
               WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
               UNION ALL
              SELECT 6, 'ROUTINE', pg_proc.oid::regprocedure::text, pg_proc.oid, 'pg_proc'::regclass
                FROM pg_proc
                JOIN spaces ON spaces.oid = pronamespace AND stays
               UNION ALL
              SELECT 7, 'TYPE', pg_type.oid::regtype::text, pg_type.oid, 'pg_type'::regclass
                FROM pg_type
                JOIN spaces ON spaces.oid = typnamespace AND stays
                LEFT JOIN pg_class ON pg_class.oid = typrelid
               WHERE typtype IN ('d', 'e', 'r') OR relkind = 'c'
               UNION ALL
              SELECT 8, 'COLLATION', pg_collation.oid::regcollation::text, pg_collation.oid, 'pg_collation'::regclass
                FROM pg_collation
                JOIN spaces ON spaces.oid = collnamespace AND stays
               UNION ALL
              SELECT 8, 'TEXT SEARCH CONFIGURATION', pg_ts_config.oid::regconfig::text, pg_ts_config.oid,
                     'pg_ts_config'::regclass
                FROM pg_ts_config
                JOIN spaces ON spaces.oid = cfgnamespace AND stays
               UNION ALL
              SELECT 9, 'SERVER', quote_ident(srvname), oid, 'pg_foreign_server'::regclass
                FROM pg_foreign_server
          )
        SELECT format('DROP %s IF EXISTS %s CASCADE', kind, name)
          FROM present
         WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = oid AND deptype = 'e')
         ORDER BY turn
    LOOP
        EXECUTE statement;
    END LOOP;
    PERFORM lo_unlink(oid) FROM pg_largeobject_metadata;
END;
$clear$;
"""

# Schemas that stay when all is cleared away, because an extension is in them.
STAYING = """
SELECT nspname
  FROM pg_namespace
 WHERE nspname <> 'public' AND nspname !~ '^pg_'
   AND EXISTS (SELECT FROM pg_extension WHERE extnamespace = pg_namespace.oid)
"""

# Of these extensions those that are there, or that this role may make.
USABLE = """
SELECT extname
  FROM pg_extension
 WHERE extname = ANY (%(names)s)
 UNION
SELECT name
  FROM pg_available_extension_versions
 WHERE name = ANY (%(names)s)
   AND (trusted OR NOT superuser OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
"""

Objects = list[tuple[str, str, str | None]]


def present_objects(connection: Connection) -> Objects:
    """All objects of the database but the server's and the extensions', as PRESENT describes them."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = pg_catalog")
        cursor.execute(PRESENT)
        return cursor.fetchall()


def lost_objects(present: Objects, contents: list[str]) -> list[str]:
    """Those that a dump with this table of contents does not bring back, as people call them, the wholes alone."""
    lost = {entry for entry, _, _ in present if not any(line.startswith(f"{entry} ") for line in contents)}
    return [called for entry, called, whole in present if entry in lost and whole not in lost]


def refuse_other_objects(connection: Connection, present: Objects) -> str:
    """SQL that fails if these are no longer the objects of the database."""
    comparison = sql.SQL(
        "DO $objects$ BEGIN\n"
        "IF (SELECT array_agg(entry ORDER BY entry) FROM ({}) AS now) IS DISTINCT FROM {}::text[] THEN"
        " RAISE 'the schema was changed meanwhile; stop the application first'; END IF;\n"
        "END $objects$;\n"
    )
    known = sql.Literal(sorted(entry for entry, _, _ in present) or None)
    return "SET LOCAL search_path = pg_catalog;\n" + comparison.format(sql.SQL(PRESENT), known).as_string(connection)


def clear_all(connection: Connection, present: Objects, *, unchanged: bool) -> str:
    """SQL that clears the database and, if asked, fails if `present` is no longer what is in it."""
    check = refuse_other_objects(connection, present) if unchanged else "SET LOCAL search_path = pg_catalog;\n"
    return check + CLEAR
