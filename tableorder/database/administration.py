"""Connections with the URL's own role, for the commands of whoever runs the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2

from tableorder.commands import SetupError
from tableorder.database.connection import Connection
from tableorder.database.hosts import connect_to_primary

CONNECT_TIMEOUT = 10.0  # seconds, for all servers of the URL together
SECONDS = 60  # for a statement of the management command


def connect(database_url: str) -> psycopg2.extensions.connection:
    """A plain connection. Raises SetupError."""
    try:
        return connect_to_primary(
            database_url, CONNECT_TIMEOUT, application_name="tableorder management", client_encoding="UTF8"
        )
    except psycopg2.Error as error:
        raise SetupError(f"cannot connect to the database: {' '.join(str(error).split())}") from None


@contextmanager
def administer(database_url: str) -> Iterator[Connection]:
    """A connection with the URL's own role, for those who may see every store: others see none of it, and are told.

    Raises SetupError.
    """
    with closing(connect(database_url)) as raw:
        raw.autocommit = True
        yield Connection(raw, prefix="SET LOCAL row_security = off; ", seconds=SECONDS)
