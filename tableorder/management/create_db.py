"""`bin/create-db`: the roles and the database on a server, by the plain files in sql/setup/."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import extensions, sql

from tableorder.commands import CHECKOUT, SetupError
from tableorder.database.administration import connect
from tableorder.database.migrations import TAKE_LOCK
from tableorder.database.programs import ProgramNotFound, find_program, libpq_environment, run_program
from tableorder.environment import DATABASE, given_url
from tableorder.management.application_role import ROLE

ENCODINGS = """
SELECT pg_encoding_to_char(encoding),
       datctype::text,
       (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %(name)s)
  FROM pg_database
 WHERE datname = 'template0'
"""

MINIMUM_PASSWORD = 8  # characters


def main() -> int:
    """Make what is missing. 0 if all is there, 1 if not, 2 for wrong usage."""
    _parse()
    name = os.environ.get("DB_NAME") or DATABASE
    try:
        admin_url = _admin_url()
        connect(admin_url).close()  # before a password is asked for
        password = _read_password()
        with _one_at_a_time(admin_url) as connection:
            _refuse_other_encodings(connection, name)
            _run("roles.sql", admin_url)
            _set_password(connection, password)
            _run("database.sql", admin_url, f"database={name}")
            _run("schema.sql", extensions.make_dsn(admin_url, dbname=name))
    except (SetupError, ProgramNotFound) as error:
        print(f"bin/create-db: {error}", file=sys.stderr)
        return 1
    except psycopg2.Error as error:
        print(f"bin/create-db: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    print(f"The roles tableorder_owner and {ROLE} and the database {name} are there.")
    print(f"Next: bin/tableorder migrate, with DATABASE_URL as this same user and the database {name}.")
    return 0


def _parse() -> None:
    argparse.ArgumentParser(
        prog="bin/create-db",
        description="Make the roles tableorder_owner and tableorder and the database tableorder_db (or $DB_NAME) on a "
        "server. What is there already is kept and brought into line, so it is safe to run twice. The statements "
        "are in sql/setup/, to be read and run by hand.",
        epilog="Environment: DATABASE_ADMIN_URL, or DATABASE_URL or libpq's PGHOST, PGUSER, …, name the server and a "
        "role that may create roles and databases; DB_PASSWORD is the new password of the role tableorder, asked "
        "for if it is not set.",
    ).parse_args()


def _admin_url() -> str:
    """DATABASE_ADMIN_URL as it is; else DATABASE_URL's server; else wherever libpq's own variables lead."""
    if url := given_url("DATABASE_ADMIN_URL"):
        return url
    url = given_url("DATABASE_URL")
    return str(extensions.make_dsn(url, dbname="postgres")) if url else "dbname=postgres"


def _read_password() -> str:
    password = os.environ.get("DB_PASSWORD") or ""
    if not password and sys.stdin.isatty():
        password = getpass.getpass(f"New password of the role {ROLE}: ")
    if len(password) < MINIMUM_PASSWORD:
        raise SetupError(f"set DB_PASSWORD to a password of {MINIMUM_PASSWORD} characters or more for the role {ROLE}")
    return password


@contextmanager
def _one_at_a_time(url: str) -> Iterator[extensions.connection]:
    """A connection that holds a lock: PostgreSQL lets two at once change one role only by failing the second."""
    with closing(connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(TAKE_LOCK)
        yield connection


def _refuse_other_encodings(connection: extensions.connection, name: str) -> None:
    """Raises SetupError if the database is there and cannot hold every text, or cannot be made so that it does."""
    with connection.cursor() as cursor:
        cursor.execute(ENCODINGS, {"name": name})
        [(server, locale, database)] = cursor.fetchall()
    if database and database != "UTF8":
        raise SetupError(
            f"the database {name} is in {database} and must be in UTF8; drop it, or choose another name with DB_NAME"
        )
    if not database and server not in ("UTF8", "SQL_ASCII") and locale not in ("C", "POSIX"):
        raise SetupError(
            f"the server's locale is {locale}, in which there is no UTF8; make a server with one in which there is: "
            "initdb --encoding=UTF8 --locale=C.UTF-8, on Debian pg_createcluster --encoding=UTF8 --locale=C.UTF-8"
        )


def _run(file: str, url: str, *variables: str) -> None:
    psql = [str(find_program("psql")), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]
    command = [*psql, *(part for variable in variables for part in ("--set", variable))]
    path = CHECKOUT / "sql" / "setup" / file
    done = run_program([*command, "--file", str(path)], libpq_environment(url))
    if done.returncode != 0:
        raise SetupError(done.stderr.strip().replace(f"{path}:", f"{file}:"))


def _set_password(connection: extensions.connection, password: str) -> None:
    """Send the password as its hash, so that no log of the server can show it."""
    with connection.cursor() as cursor:
        hashed = extensions.encrypt_password(password, ROLE, connection, "scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(hashed))
        cursor.execute(statement)


if __name__ == "__main__":
    sys.exit(main())
