"""PostgreSQL's own programs (psql, pg_dump, …): where they are, and how they are told of a database."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import extensions

from tableorder.database.embedded import EmbeddedServerError, embedded_programs

PACKAGED = Path("/usr/lib/postgresql")  # Debian's, a folder a version


class ProgramNotFound(Exception):
    """The program is not installed; the message says how to get it."""


def find_program(name: str) -> Path:
    """A new one rather than an old one: a newer pg_dump reads an older server, not the other way.

    Raises ProgramNotFound.
    """
    try:
        return embedded_programs() / name
    except EmbeddedServerError:
        packaged = sorted(PACKAGED.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
        found = packaged[-1] if packaged else shutil.which(name)
    if found is None:
        raise ProgramNotFound(f"{name} is not installed; it comes with PostgreSQL's client programs")
    return Path(found)


def libpq_environment(database_url: str) -> dict[str, str]:
    """The environment that leads any of the programs to the database; a password does not show in `ps` there.

    Raises psycopg2.Error if the URL names no server, and there is none where libpq looks.
    https://www.postgresql.org/docs/current/libpq-envars.html
    """
    names = {"dbname": "PGDATABASE"}
    parameters = extensions.parse_dsn(database_url)
    if "host" not in parameters and "PGHOST" not in os.environ:  # the programs may look elsewhere than our libpq
        with closing(psycopg2.connect(database_url)) as connection:
            parameters["host"] = connection.info.host
    return {**os.environ, **{names.get(key, "PG" + key.upper()): value for key, value in parameters.items()}}
