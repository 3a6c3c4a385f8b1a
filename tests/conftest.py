"""A real PostgreSQL for each test process, and databases cloned from one that the real migrations built."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Iterator

import psycopg2
import pytest
from psycopg2 import extensions, sql

from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import apply_pending

MakeDatabase = Callable[..., str]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a superuser: of TEST_DATABASE_URL's throw-away server, or of an embedded one of this process."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with EmbeddedServer(tmp_path_factory.mktemp("postgres")) as server:
        yield server.uri()


@pytest.fixture(scope="session")
def make_database(postgres: str) -> Iterator[MakeDatabase]:
    """Makes databases, by default clones of the migrated template; `template=None` for an empty one."""
    prefix, numbers, made = f"test_{secrets.token_hex(4)}", itertools.count(), []

    def make(template: str | None = f"{prefix}_template") -> str:
        name = f"{prefix}_{next(numbers)}"
        made.append(name)
        _create(postgres, name, template)
        return url_of(postgres, name)

    made.append(f"{prefix}_template")
    _create(postgres, f"{prefix}_template", None)
    apply_pending(url_of(postgres, f"{prefix}_template"))
    yield make
    for name in made:
        _run(postgres, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def shared_database_url(make_database: MakeDatabase) -> str:
    """One migrated database for all tests that keep to a store of their own."""
    return make_database()


@pytest.fixture
def database_url(make_database: MakeDatabase) -> str:
    """A migrated database for one test."""
    return make_database()


@pytest.fixture
def connect(database_url: str) -> Iterator[Callable[..., extensions.connection]]:
    """Opens connections to the test's database: as a superuser, or bound to a store as the application is."""
    opened: list[extensions.connection] = []

    def open_(store_id: int | None = None, role: str | None = None) -> extensions.connection:
        connection = psycopg2.connect(database_url)
        opened.append(connection)
        connection.autocommit = True
        with connection.cursor() as cursor:
            if store_id is not None:
                cursor.execute("SELECT set_config('app.store_id', %s, false)", (str(store_id),))
            if role or store_id is not None:
                cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role or "tableorder")))
        return connection

    yield open_
    for connection in opened:
        connection.close()


def url_of(server_url: str, database: str) -> str:
    """The URL of another database of the same server."""
    parts = extensions.parse_dsn(server_url) | {"dbname": database}
    host = parts.pop("host", "")
    user = parts.pop("user", "postgres") + (f":{parts.pop('password')}" if "password" in parts else "")
    port = f"&port={parts['port']}" if "port" in parts else ""
    return f"postgresql://{user}@/{database}?host={host.replace('/', '%2F')}{port}"


def _create(server_url: str, name: str, template: str | None) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _run(server_url, statement.format(sql.Identifier(name), sql.Identifier(template or "template1")))


def _run(server_url: str, statement: sql.Composable) -> None:
    connection = psycopg2.connect(server_url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
