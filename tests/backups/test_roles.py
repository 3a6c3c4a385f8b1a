"""The three commands as a role that is no superuser: a member of the owner that may create databases."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tableorder.backups.role_script import make_missing_roles
from tableorder.database.migrations import apply_pending
from tests.backups.commands import EMBEDDED, Commands
from tests.backups.meals import serve_meals
from tests.database.embedded import embedded_server
from tests.factories import query, value


@pytest.fixture(scope="module")
def deployers_url() -> Iterator[str]:
    """A database as bin/create-db makes it: its owner's, with an extension of the superuser's."""
    with embedded_server() as server:
        with closing(psycopg2.connect(server.uri())) as superuser:
            superuser.autocommit = True
            query(superuser, "CREATE ROLE deployer LOGIN CREATEDB CREATEROLE")
            for name in ("tableorder_db", "other_db"):
                query(superuser, f"CREATE DATABASE {name} OWNER deployer")
        for name in ("tableorder_db", "other_db"):
            with closing(psycopg2.connect(server.uri(name))) as superuser, superuser, superuser.cursor() as cursor:
                cursor.execute("CREATE EXTENSION pg_trgm")
        url = server.uri("tableorder_db", user="deployer")
        apply_pending(url)
        with closing(psycopg2.connect(url)) as connection:
            serve_meals(connection)
        yield url


def test_backup_verification_and_restore_need_no_superuser(deployers_url: str, tmp_path: Path):
    commands = Commands(deployers_url, tmp_path / "backups", EMBEDDED)
    before = commands.pg_dump()
    backup = commands.back_up()
    done = commands.run("verify-backup")
    assert done.returncode == 0, done.stderr
    done = commands.run("restore-db", backup.dump)
    assert done.returncode == 0, done.stderr
    assert commands.pg_dump() == before
    other = Commands(deployers_url.replace("/tableorder_db?", "/other_db?"), tmp_path / "backups", EMBEDDED)
    done = other.run("restore-db", backup.dump)
    assert done.returncode == 0, done.stderr
    assert other.pg_dump() == before


def test_the_roles_file_makes_what_is_missing_and_leaves_the_others_as_they_are():
    with embedded_server() as there, embedded_server() as new:
        with closing(psycopg2.connect(there.uri())) as connection:
            connection.autocommit = True
            query(
                connection,
                """
                CREATE ROLE tableorder;
                CREATE ROLE "Odd 'one; $role0$" LOGIN CREATEDB;
                ALTER ROLE "Odd 'one; $role0$" SET work_mem = '5MB';
                GRANT tableorder TO "Odd 'one; $role0$"
            """,
            )
        dumper = [there.bin("pg_dumpall"), "--roles-only", "--no-role-passwords", "--dbname", there.uri()]
        script = make_missing_roles(subprocess.run(dumper, check=True, capture_output=True, text=True).stdout)
        with closing(psycopg2.connect(new.uri())) as connection:
            connection.autocommit = True
            query(connection, "CREATE ROLE tableorder LOGIN; ALTER ROLE tableorder SET work_mem = '6MB'")
            psql = [new.bin("psql"), "--quiet", "--set=ON_ERROR_STOP=1", new.uri()]
            for _ in range(2):
                subprocess.run(psql, input=script, check=True, capture_output=True, text=True)
            roles = query(
                connection,
                """
                SELECT rolname, rolcanlogin, rolcreatedb, rolconfig FROM pg_roles
                 WHERE rolname !~ '^(pg_|postgres)' ORDER BY rolname
            """,
            )
            assert roles == [
                ("Odd 'one; $role0$", True, True, ["work_mem=5MB"]),
                ("tableorder", True, False, ["work_mem=6MB"]),
            ]
            assert value(connection, "SELECT pg_has_role(%s, 'tableorder', 'MEMBER')", "Odd 'one; $role0$")


def test_the_applications_own_role_sees_too_little_to_back_up(deployers_url: str, tmp_path: Path):
    with closing(psycopg2.connect(deployers_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE ROLE waiter LOGIN IN ROLE tableorder")
    commands = Commands(deployers_url.replace("deployer@", "waiter@"), tmp_path / "backups", EMBEDDED)
    done = commands.run("backup-db")
    assert done.returncode == 1
    assert "row-level security" in done.stderr or "permission denied" in done.stderr
    assert commands.dumps() == []
