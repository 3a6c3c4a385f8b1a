"""Embedded servers for tests, and databases on a server that are gone afterwards."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from tableorder.database.embedded import EmbeddedServer


@contextmanager
def embedded_server(*settings: str) -> Iterator[EmbeddedServer]:
    """A new server, with these settings ("name=value").

    Not in pytest's own folder: each run of pytest closes that to others, so to the server's user.
    """
    with tempfile.TemporaryDirectory(prefix="tableorder-test-", dir=memory()) as directory:
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


def memory() -> Path | None:
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


def as_application(database_url: str) -> str:
    """The URL of the role tableorder, which is let in, in place of a test's superuser; others' are as they are."""
    parts = urlsplit(database_url)
    if parts.username != "postgres":
        return database_url
    with suppress(psycopg2.OperationalError, psycopg2.errors.ReadOnlySqlTransaction):  # it is away, or a standby
        let_in(database_url)
    return parts._replace(netloc=parts.netloc.replace("postgres", "tableorder", 1)).geturl()


def let_in(database_url: str) -> None:
    """Let the role tableorder log in."""
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7)")  # two at once cannot change one role
        cursor.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'tableorder'")
        if cursor.fetchone() == (False,):
            cursor.execute("ALTER ROLE tableorder LOGIN")


def _run(server_url: str, statement: str) -> None:
    with closing(psycopg2.connect(server_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
