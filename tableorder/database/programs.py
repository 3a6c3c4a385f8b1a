"""PostgreSQL's own programs (psql, pg_dump, …): where they are, and how they are told of a database."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
from psycopg2 import extensions

from tableorder.database.embedded import EmbeddedServerError, embedded_programs
from tableorder.database.locales import in_english

PACKAGED = Path("/usr/lib/postgresql")  # Debian's, a folder a version

# Where libpq's variable is not PG and the parameter's name without its underscores.
VARIABLES = {
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "dbname": "PGDATABASE",
}


class ProgramNotFound(Exception):
    """The program is not installed; the message says how to get it."""


def find_program(name: str, *, server: int = 0) -> Path:
    """One that is no older than the server, a major version of PostgreSQL: pg_dump would not know all that is in there.

    The embedded server's own comes last, for it cannot do TLS. Raises ProgramNotFound.
    """
    for program in installed_programs(name):
        if version_of(program)[0] >= server:
            return program
    wanted = f"{name} of PostgreSQL {server} or newer" if server else name
    raise ProgramNotFound(f"{wanted} is not installed; it comes with PostgreSQL's client programs")


def version_of(program: str | Path) -> tuple[int, str]:
    """A program's major version, 0 if it does not say, and its own words for it."""
    said = run_program([str(program), "--version"], in_english(os.environ)).stdout.strip()
    match = re.search(r"\) (\d+)", said)
    return int(match[1]) if match else 0, said


def libpq_environment(database_url: str) -> dict[str, str]:
    """The environment that leads any of the programs to the database; a password does not show in `ps` there.

    They speak English, whose "error:" is looked for, and UTF-8, whatever the locale.

    Raises psycopg2.Error if the URL names no server, and there is none where libpq looks.
    https://www.postgresql.org/docs/current/libpq-envars.html
    """
    parameters = extensions.parse_dsn(database_url)
    if "host" not in parameters and "PGHOST" not in os.environ:  # the programs may look elsewhere than our libpq
        with closing(psycopg2.connect(database_url)) as connection:
            parameters["host"] = connection.info.host
    variables = {VARIABLES.get(key, "PG" + key.replace("_", "").upper()): value for key, value in parameters.items()}
    return {**in_english(os.environ), "PGCLIENTENCODING": "UTF8", **variables}


def run_program(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it says, as text."""
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", errors="replace")


def installed_programs(name: str) -> Iterator[Path]:
    """All that there are: Debian's, the newest first, then that of PATH, then the embedded server's."""
    yield from sorted(PACKAGED.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    if found := shutil.which(name):
        yield Path(found)
    with suppress(EmbeddedServerError):
        yield embedded_programs() / name
