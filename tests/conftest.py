"""A real PostgreSQL for each test process, and databases cloned from one that the real migrations built."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from psycopg2 import extensions, sql

from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import apply_pending
from tests.logged import assert_no_secret

MakeDatabase = Callable[..., str]

# Those that take long are begun first, or one of them would still be running by itself at the end; xdist would begin
# with those that have many tests.
LONG = (
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
    items.sort(key=lambda item: next((n for n, part in enumerate(LONG) if item.nodeid.startswith(part)), len(LONG)))


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


@contextmanager
def embedded_server(*settings: str) -> Iterator[EmbeddedServer]:
    """A new server, with these settings ("name=value").

    Not in pytest's own folder: each run of pytest closes that to others, so to the server's user.
    """
    with tempfile.TemporaryDirectory(prefix="tableorder-test-", dir=_memory()) as directory:
        server = EmbeddedServer(Path(directory))
        server.start(settings)
        try:
            yield server
        finally:
            server.release()


@contextmanager
def file_for_everybody(name: str, text: str) -> Iterator[Path]:
    """A file that PostgreSQL's user may read, too."""
    with tempfile.TemporaryDirectory(prefix="tableorder-test-") as directory:
        Path(directory).chmod(0o755)
        file = Path(directory) / name
        file.write_text(text)
        yield file


def _memory() -> Path | None:
    """A folder in memory, where there is plenty: on a disk the tests mostly wait for it."""
    folder = Path("/dev/shm")
    return folder if folder.is_dir() and shutil.disk_usage(folder).free > 4 << 30 else None


def url_of(server_url: str, database: str) -> str:
    """The URL of another database of the same server."""
    parts = urlsplit(server_url)
    return f"{parts.scheme}://{parts.netloc}/{database}" + (f"?{parts.query}" if parts.query else "")


@contextmanager
def new_database(server_url: str, template: str) -> Iterator[str]:
    """The name of a database that is gone afterwards, whoever is connected to it."""
    name = f"tableorder_test_{secrets.token_hex(6)}"
    # Copying the files takes half of the processor time of writing each page to the log.
    _run(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY ENCODING 'UTF8'")
    try:
        yield name
    finally:
        _run(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _run(server_url: str, statement: str) -> None:
    with closing(psycopg2.connect(server_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
