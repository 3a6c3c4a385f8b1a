"""Databases for a moment, beside the one that one is connected to."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import extensions, sql

PREFIX = "tableorder_scratch_"

# Those that a killed run left behind: whoever uses one is connected under its name.
ABANDONED = """
SELECT datname
  FROM pg_database
 WHERE starts_with(datname, %(prefix)s)
   AND pg_has_role(datdba, 'USAGE')
   AND datname NOT IN (SELECT application_name FROM pg_stat_activity WHERE application_name IS NOT NULL)
"""


@contextmanager
def scratch_database(connection: extensions.connection) -> Iterator[str]:
    """The name of an empty database that is gone afterwards; a killed run's is dropped by the next.

    The connection gets that name, too, and commits each statement. Raises psycopg2.Error.
    """
    name = PREFIX + secrets.token_hex(6)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", (name,))
        cursor.execute(ABANDONED, {"prefix": PREFIX})
        for (abandoned,) in cursor.fetchall():
            _drop(connection, abandoned)
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
    try:
        yield name
    finally:
        _drop(connection, name)


def _drop(connection: extensions.connection, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
