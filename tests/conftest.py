"""A real PostgreSQL for each test process, and databases cloned from one that the real migrations built."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

import psycopg2
import pytest
from psycopg2 import extensions, sql

from tableorder.database.migrations import apply_pending
from tests.database.embedded import embedded_server, new_database, url_of
from tests.log_secrets import assert_no_secret

MakeDatabase = Callable[..., str]

# Those that take long are begun first, or one of them would still be running by itself at the end; xdist would begin
# with those that have many tests.
FIRST = (
    "tests/management/test_serve.py",
    "tests/recovery/",
    "tests/backups/test_kills.py",
    "tests/migrations/test_runner.py",
    "tests/bench/",
    "tests/backups/test_failures.py",
    "tests/management/test_commands.py",
    "tests/browser/",
    "tests/openapi/",
    "tests/backups/",
    "tests/deploy/",
    "tests/api/test_stream_faults.py",
    "tests/api/test_properties.py",
    "tests/migrations/",
    "tests/repositories/",
    "tests/database/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((n for n, part in enumerate(FIRST) if item.nodeid.startswith(part)), len(FIRST)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a superuser: of TEST_DATABASE_URL's throw-away server, or of an embedded one of this process."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with embedded_server() as server:
        yield server.uri()
        assert_no_secret(server.log.read_text())


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """The name of a migrated database without rows, to be cloned; nobody may be connected to it."""
    with new_database(postgres, "template0") as name:
        apply_pending(url_of(postgres, name))
        yield name


@pytest.fixture(scope="session")
def make_database(postgres: str, template: str) -> Iterator[MakeDatabase]:
    """Makes databases that last to the end of the run, by default clones of the template; `None` for an empty one."""
    with ExitStack() as databases:

        def make(template: str | None = template) -> str:
            return url_of(postgres, databases.enter_context(new_database(postgres, template or "template0")))

        yield make


@pytest.fixture(scope="session")
def shared_database_url(make_database: MakeDatabase) -> str:
    """One migrated database for all tests that keep to a store of their own."""
    return make_database()


@pytest.fixture
def database_url(postgres: str, template: str) -> Iterator[str]:
    """A migrated database for one test."""
    with new_database(postgres, template) as name:
        yield url_of(postgres, name)


@pytest.fixture
def empty_database_url(postgres: str) -> Iterator[str]:
    """A database for one test, in which no migration was applied."""
    with new_database(postgres, "template0") as name:
        yield url_of(postgres, name)


@pytest.fixture
def connect(database_url: str) -> Iterator[Callable[..., extensions.connection]]:
    """Opens connections to the test's database: as a superuser, or bound to a store as the application is.

    Further arguments are libpq's, such as `user`.
    """
    with ExitStack() as connections:
        yield partial(_connect, connections, database_url)


def _connect(
    connections: ExitStack, url: str, store_id: int | None = None, role: str | None = None, **parameters: str
) -> extensions.connection:
    connection = connections.enter_context(closing(psycopg2.connect(url, **parameters)))
    connection.autocommit = True
    with connection.cursor() as cursor:
        if store_id is not None:
            cursor.execute("SELECT set_config('app.store_id', %s, false)", (str(store_id),))
        if role or store_id is not None:
            cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role or "tableorder")))
    return connection
