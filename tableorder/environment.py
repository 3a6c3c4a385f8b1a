"""Which database: DATABASE_URL's, or else the one of an embedded server in TABLEORDER_HOME."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg2
from psycopg2 import sql

from tableorder.commands import CHECKOUT, SetupError
from tableorder.database.administration import connect
from tableorder.database.embedded import EmbeddedServer, EmbeddedServerError
from tableorder.database.urls import check_url

DATABASE = "tableorder_db"


def home() -> Path:
    """Where `bin/serve` keeps its data."""
    return Path(os.environ.get("TABLEORDER_HOME") or CHECKOUT / ".tableorder").absolute()


@contextmanager
def database() -> Iterator[str]:
    """The URL of a database that is there: DATABASE_URL's, or the embedded server's, which runs meanwhile.

    Raises SetupError.
    """
    if url := given_url("DATABASE_URL"):
        yield url
        return
    with _embedded_server() as server:
        _create_database(server.uri())
        yield server.uri(DATABASE)


def given_url(variable: str) -> str:
    """The libpq URL that the environment gives, "" if none. Raises SetupError, without showing it and its password."""
    url = os.environ.get(variable, "").strip()
    try:
        return check_url(url) if url else ""
    except ValueError as error:
        raise SetupError(f"{variable} {error}") from None


@contextmanager
def _embedded_server() -> Iterator[EmbeddedServer]:
    try:
        server = EmbeddedServer(home() / "postgres")
        try:
            server.start()
            yield server
        finally:
            server.release()
    except EmbeddedServerError as error:
        raise SetupError(str(error)) from None


def _create_database(server_url: str) -> None:
    with closing(connect(server_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                # Another process may be making it at this moment.
                with suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
