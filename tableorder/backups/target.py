"""Which database, and with which of PostgreSQL's programs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg2 import extensions

from tableorder.backups import BackupError
from tableorder.database.administration import connect
from tableorder.database.embedded import EmbeddedServer
from tableorder.database.hosts import resolved_dsn
from tableorder.database.locales import in_english
from tableorder.database.programs import installed_programs, version_of
from tableorder.environment import DATABASE, database, given_url, home

Connection = extensions.connection

# A server that vanished without a word is noticed within a minute.
ALIVE = {"keepalives_idle": "20", "keepalives_interval": "10", "keepalives_count": "3"}


@dataclass(frozen=True)
class Target:
    """A database by its libpq URL, and the folder of the programs for it; None for those on PATH."""

    url: str
    programs: Path | None = None

    @property
    def name(self) -> str:
        """The database's."""
        return self._parameters().get("dbname", DATABASE)

    def __str__(self) -> str:
        parameters = self._parameters()
        return f"{self.name} on {parameters.get('host', 'this machine')}"

    def at(self, connection: Connection) -> Target:
        """The very server and database of a connection, of those that the URL may mean."""
        return replace(self, url=resolved_dsn(connection))

    def of_database(self, name: str) -> Target:
        """Another database of the same server."""
        return replace(self, url=extensions.make_dsn(self.url, dbname=name))

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection that sees every store's rows, or fails. Raises SetupError, psycopg2.Error."""
        with closing(connect(extensions.make_dsn(**ALIVE | self._parameters()))) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET row_security = off; SET statement_timeout = 0; SET timezone = 'UTC'")
            connection.commit()
            yield connection

    def arguments(self) -> list[str]:
        """Names the database to one of PostgreSQL's programs, without the password, which `ps` would show."""
        parameters = ALIVE | self._parameters()
        parameters.pop("password", None)
        return ["--no-password", "--dbname", extensions.make_dsn(**parameters)]

    def environment(self) -> dict[str, str]:
        """For PostgreSQL's programs; the password is in it."""
        password = self._parameters().get("password")
        return {
            **in_english(os.environ),
            "PGCLIENTENCODING": "UTF8",
            "PGCONNECT_TIMEOUT": "10",
            **({"PGPASSWORD": password} if password else {}),
        }

    def program(self, name: str, *, version: int = 0) -> str:
        """The path of one of PostgreSQL's programs: PATH's, or the one of this major version if PATH's is newer.

        What a newer pg_dump writes, the server's own pg_restore cannot read. Raises BackupError.
        """
        found = shutil.which(name, path=self.programs)
        if found is None:
            raise BackupError(f"{name} is not on PATH; on Debian and Ubuntu: apt install postgresql-client")
        if version and version_of(found)[0] > version:
            return next((str(path) for path in installed_programs(name) if version_of(path)[0] == version), found)
        return found

    def program_for(self, name: str, connection: Connection) -> str:
        """The same for the server at hand. Raises BackupError if it is older: it would not know what is in there."""
        server = server_version(connection)
        program = self.program(name, version=server)
        version, said = version_of(program)
        if version < server:
            raise BackupError(
                f"{program} is {said or 'of no known version'}, older than the server, PostgreSQL {server}; "
                f"put the programs of PostgreSQL {server} first on PATH"
            )
        return program

    def _parameters(self) -> dict[str, str]:
        return extensions.parse_dsn(self.url)


def server_version(connection: Connection) -> int:
    """The server's major version."""
    return connection.server_version // 10_000


@contextmanager
def target_of_environment() -> Iterator[Target]:
    """The database of DATABASE_URL, or of DB_HOST and the like, or of the embedded server, which runs meanwhile.

    Raises SetupError.
    """
    url = given_url("DATABASE_URL") or _url_of_parts()
    if url:
        yield Target(url)
    else:
        with database() as url:
            yield Target(url, EmbeddedServer(home() / "postgres").bin("pg_dump").parent)


def _url_of_parts() -> str:
    given = {
        "host": os.environ.get("DB_HOST"),
        "port": os.environ.get("DB_PORT"),
        "dbname": os.environ.get("DB_NAME"),
        "user": os.environ.get("DB_USER"),
        "password": os.environ.get("DB_PASSWORD"),
    }
    parts = {name: value for name, value in given.items() if value}
    defaults = {"host": "localhost", "dbname": DATABASE, "user": "tableorder"}
    return extensions.make_dsn(**defaults | parts) if parts else ""
