"""Checks that PostgreSQL keeps the stores apart for the role that the application connects as.

Row-level security is no hindrance for a superuser, for a role with BYPASSRLS and for the owner of the tables. A
connection that steps down from such a role by SET ROLE can step up again. So what counts is who logged in, and who
that role may become.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import extensions

from tableorder.database.deadlines import deadline
from tableorder.database.hosts import Hosts

# The columns: the role that logged in, the present role, the server's process, the power that is too much (the role's
# own first, then of those that it may become; NULL if there is none), and the commits that wait for a standby.
STANDING = """
SELECT session_user::text,
       current_user::text,
       pg_backend_pid(),
       (SELECT role.rolname || CASE
                   WHEN role.rolsuper THEN ' is a superuser'
                   WHEN role.rolbypassrls THEN ' has BYPASSRLS'
                   WHEN role.rolcreaterole THEN ' has CREATEROLE'
                   WHEN role.rolname LIKE 'pg\\_%%' THEN ' reaches the files of the server'
                   ELSE ' owns the tables'
               END
          FROM pg_roles AS role
         WHERE pg_has_role(session_user, role.oid, 'MEMBER')
           AND (   role.rolsuper
                OR role.rolbypassrls
                OR role.rolcreaterole
                OR role.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
                OR EXISTS (SELECT FROM pg_class WHERE relowner = role.oid AND relrowsecurity))
         ORDER BY role.rolname <> session_user, role.rolname
         LIMIT 1),
       (SELECT count(*)
          FROM pg_stat_activity
         WHERE usename = session_user
           AND wait_event = 'SyncRep'
           AND clock_timestamp() - query_start > interval '3 seconds')
"""

NOT_KEPT = (
    "something between the application and PostgreSQL, such as PgBouncer in transaction mode, does not keep what is"
    " set for a session; set DATABASE_SESSION_STATE=off"
)


def power_of(dsn: str, *, seconds: float) -> str | None:
    """Say why the role of a DSN has too much power; None if it has not. Raises psycopg2.Error."""
    with _connections(dsn, seconds, 1) as [connection], connection.cursor() as cursor:
        cursor.execute(STANDING, {})
        [(session_user, _, _, power, _)] = cursor.fetchall()
    return describe_power(session_user, power) if power else None


def describe_power(session_user: str, power: str) -> str:
    """Say why the role that logged in must not serve: by its own power, or by a role that it may become."""
    what = power if power.startswith(f"{session_user} ") else f"{session_user} may become another role: {power}"
    return f"{what}; row-level security would keep no stores apart. Connect as the role tableorder"


def is_transaction_pooled(dsn: str, *, seconds: float) -> bool:
    """Find out whether a pooler such as PgBouncer gives one connection of the server's to several of ours in turn.

    If so, a second connection that stays in a transaction either has the server's connection that was the first
    one's, or makes the first one get another. Raises psycopg2.Error.
    """
    with _connections(dsn, seconds, 2) as [first, second]:
        first.autocommit = True
        before = _backend(first)
        return _backend(second) == before or _backend(first) != before


def _backend(connection: extensions.connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [(backend,)] = cursor.fetchall()
    return int(backend)


@contextmanager
def _connections(dsn: str, seconds: float, count: int) -> Iterator[list[extensions.connection]]:
    hosts, opened = Hosts(dsn), list[extensions.connection]()
    with deadline(seconds):
        try:
            for _ in range(count):
                opened.append(hosts.connect(seconds, application_name="tableorder start"))
            yield opened
        finally:
            for connection in opened:
                connection.close()
