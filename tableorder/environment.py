"""Which database, and which settings: those of the environment, else an embedded server's in TABLEORDER_HOME."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2 import extensions, sql

from tableorder.database.connection import Connection
from tableorder.database.embedded import EmbeddedServer, EmbeddedServerError
from tableorder.database.hosts import connect_to_primary
from tableorder.database.isolation import power_of
from tableorder.database.migrations import TAKE_LOCK
from tableorder.database.urls import check_url

CHECKOUT = Path(__file__).resolve().parents[1]
DATABASE = "tableorder_db"
ROLE = "tableorder"  # the application's
CONNECT_TIMEOUT = 10.0  # seconds, for all servers of the URL together
SECONDS = 60  # for a statement of the management command


class SetupError(Exception):
    """The environment does not allow it; the message says what to do."""


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
def administer(database_url: str) -> Iterator[Connection]:
    """A connection with the URL's own role, for those who may see every store: others see none of it, and are told.

    Raises SetupError.
    """
    with closing(connect(database_url)) as raw:
        raw.autocommit = True
        yield Connection(raw, prefix="SET LOCAL row_security = off; ", seconds=SECONDS)


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


def as_role(database_url: str, role: str) -> str:
    """The URL with another role, which has no password."""
    parameters = {key: value for key, value in extensions.parse_dsn(database_url).items() if "password" not in key}
    return "postgresql:///?" + urlencode({**parameters, "user": role}, quote_via=quote)


def _let_in(database_url: str) -> None:
    """Let the application's role log in, if it may not yet; without a password only where none is asked for."""
    with closing(connect(database_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(TAKE_LOCK)  # two at once cannot change one role
        cursor.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (ROLE,))
        if cursor.fetchone() == (False,):
            cursor.execute(sql.SQL("ALTER ROLE {} LOGIN").format(sql.Identifier(ROLE)))


def connect(database_url: str) -> psycopg2.extensions.connection:
    """A plain connection. Raises SetupError."""
    try:
        return connect_to_primary(
            database_url, CONNECT_TIMEOUT, application_name="tableorder management", client_encoding="UTF8"
        )
    except psycopg2.Error as error:
        raise SetupError(f"cannot connect to the database: {' '.join(str(error).split())}") from None


def other_database(database_url: str, name: str) -> str:
    """The URL of another database of the same server."""
    parameters = {**extensions.parse_dsn(database_url), "dbname": name}
    return "postgresql:///?" + urlencode(parameters, quote_via=quote)


def stop_when_told() -> None:
    """Let SIGTERM and SIGHUP do what Ctrl-C does: end this process when it has stopped what it started."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def jwt_secret_key() -> str:
    """JWT_SECRET_KEY, or for the embedded server a random one, made once. Raises SetupError."""
    if key := os.environ.get("JWT_SECRET_KEY", "").strip():
        return key
    if os.environ.get("DATABASE_URL", "").strip():
        raise SetupError("JWT_SECRET_KEY is not set; it must be 32 random bytes or more, the same on every host")
    path = home() / "jwt-secret"
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SetupError(f"cannot keep a secret in {path}: {error.strerror}") from None


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


def _write_once(path: Path, text: str) -> None:
    """Write a file whole or not at all; of several writers the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(draft, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _create_database(server_url: str) -> None:
    with closing(connect(server_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                # Another process may be making it at this moment.
                with suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
