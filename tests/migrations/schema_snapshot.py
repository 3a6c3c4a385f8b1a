"""The live schema as text, a line for each thing in it, which PostgreSQL 14 and later write the same way."""

from __future__ import annotations

from psycopg2.extensions import connection as Connection

from tests.factories import query
from tests.management.running import CHECKOUT

SNAPSHOT = CHECKOUT / "tests" / "migrations" / "schema.txt"

OURS = "relnamespace = 'public'::regnamespace AND relname NOT LIKE '%%yoyo%%'"

COLUMNS = f"""
SELECT relname, concat_ws(' ', attname, format_type(atttypid, atttypmod),
                          CASE WHEN attnotnull THEN 'not null' END,
                          CASE WHEN attidentity <> '' THEN 'identity' END,
                          'default ' || pg_get_expr(adbin, adrelid))
  FROM pg_class
  JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE relkind = 'r' AND {OURS}
 ORDER BY relname, attnum
"""

CONSTRAINTS = f"""
SELECT relname, conname || ': ' || pg_get_constraintdef(pg_constraint.oid)
  FROM pg_constraint
  JOIN pg_class ON pg_class.oid = conrelid
 WHERE contype IN ('p', 'u', 'f', 'c') AND {OURS}
 ORDER BY relname, conname
"""

INDEXES = f"""
SELECT relname, regexp_replace(pg_get_indexdef(indexrelid), ' ON public[.]', ' ON ')
                || CASE WHEN indisvalid AND indisready THEN '' ELSE ' INVALID' END
  FROM pg_index
  JOIN pg_class ON pg_class.oid = indrelid
 WHERE {OURS} AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
 ORDER BY relname, indexrelid::regclass::text
"""

TRIGGERS = f"""
SELECT relname, regexp_replace(pg_get_triggerdef(pg_trigger.oid), ' ON public[.]', ' ON ')
                || CASE tgenabled WHEN 'O' THEN '' ELSE ' NOT ENABLED' END
  FROM pg_trigger
  JOIN pg_class ON pg_class.oid = tgrelid
 WHERE NOT tgisinternal AND {OURS}
 ORDER BY relname, tgname
"""

POLICIES = f"""
SELECT relname, 'policy ' || polname
                || ' USING ' || COALESCE(regexp_replace(pg_get_expr(polqual, polrelid), ' AS "?\\w+"?', ''), '-')
                || ' WITH CHECK ' || COALESCE(pg_get_expr(polwithcheck, polrelid), '-')
  FROM pg_policy
  JOIN pg_class ON pg_class.oid = polrelid
 WHERE {OURS}
 ORDER BY relname, polname
"""

OWNERS = f"""
SELECT relname, 'owner ' || relowner::regrole || CASE WHEN relrowsecurity THEN ', row security' ELSE '' END
                || ', tableorder may ' || COALESCE((
                       SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type)
                         FROM aclexplode(relacl)
                        WHERE grantee = 'tableorder'::regrole), 'nothing')
  FROM pg_class
 WHERE relkind = 'r' AND {OURS}
 ORDER BY relname
"""

FUNCTIONS = """
SELECT pg_proc.oid::regprocedure
       || ' returns ' || pg_get_function_result(pg_proc.oid)
       || ', ' || lanname || CASE provolatile WHEN 'i' THEN ' immutable' WHEN 's' THEN ' stable' ELSE '' END
       || ', owner ' || proowner::regrole
       || CASE WHEN prosecdef THEN ', with its owner''s rights' ELSE '' END
       || COALESCE(', ' || array_to_string(proconfig, '; '), '')
       || CASE WHEN proacl IS NULL THEN '' ELSE ', may be called by ' || (
              SELECT string_agg(CASE grantee WHEN 0 THEN 'all' ELSE grantee::regrole::text END, ' ' ORDER BY 1)
                FROM aclexplode(proacl)) END
  FROM pg_proc
  JOIN pg_language ON pg_language.oid = prolang
 WHERE pronamespace = 'public'::regnamespace
 ORDER BY 1
"""

KINDS = (OWNERS, COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, POLICIES)


def store_tables() -> list[str]:
    """The tables of the snapshot whose rows are a store's."""
    text, _, _ = SNAPSHOT.read_text().partition("functions\n")
    return [table.split()[0] for table in text.split("\n\n") if "\n    store_id integer" in table]


def describe_schema(connection: Connection) -> str:
    """Each table with its columns, constraints, indexes, triggers and rights, then the functions."""
    tables: dict[str, list[str]] = {}
    for statement in KINDS:
        for table, line in query(connection, statement.replace("%%", "%")):
            tables.setdefault(table, []).append(line)
    lines = [line for table in sorted(tables) for line in (table, *(f"    {each}" for each in tables[table]), "")]
    return "\n".join([*lines, "functions", *(f"    {line}" for (line,) in query(connection, FUNCTIONS)), ""])
