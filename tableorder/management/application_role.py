"""The role of the processes that serve: not an administrator's, which row-level security does not bind."""

from __future__ import annotations

from contextlib import closing, suppress

import psycopg2
from psycopg2 import sql

from tableorder.commands import SetupError
from tableorder.database.administration import CONNECT_TIMEOUT, connect
from tableorder.database.isolation import power_of
from tableorder.database.migrations import TAKE_LOCK
from tableorder.database.urls import as_role

ROLE = "tableorder"


def application_url(database_url: str) -> str:
    """The URL for the processes that serve: another one than an administrator's, who sees every store.

    It is the role tableorder's, if that is let in without a password, as by the embedded server. Raises SetupError.
    """
    try:
        power = power_of(database_url, seconds=CONNECT_TIMEOUT)
    except psycopg2.Error as error:
        raise SetupError(f"cannot connect to the database: {' '.join(str(error).split())}") from None
    if power is None:
        return database_url
    own = as_role(database_url, ROLE)
    with suppress(psycopg2.Error):
        _let_in(database_url)
        if power_of(own, seconds=CONNECT_TIMEOUT) is None:
            return own
    raise SetupError(f"DATABASE_URL: {power}")


def _let_in(database_url: str) -> None:
    """Let the application's role log in, if it may not yet; without a password only where none is asked for."""
    with closing(connect(database_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(TAKE_LOCK)  # two at once cannot change one role
        cursor.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (ROLE,))
        if cursor.fetchone() == (False,):
            cursor.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(ROLE)))
