"""Where a migration happens: on the server that takes writes, of however many, and whatever names it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tableorder.database.migrations import applied_migrations, apply_pending, required_migrations, roll_back_last
from tests.api.test_replica import Standby, primary, standby  # noqa: F401 - fixtures
from tests.backups.commands import EMBEDDED, Commands
from tests.backups.meals import serve_meals
from tests.database.embedded import embedded_server
from tests.database.servers import Server
from tests.factories import query
from tests.management.running import CHECKOUT, manage

ALL = list(required_migrations())


@pytest.fixture(params=["", "&connect_timeout=5"])
def several(primary: Server, standby: Standby, request: pytest.FixtureRequest) -> str:  # noqa: F811
    """The URL of a standby and its primary, in this order."""
    hosts = f"127.0.0.1:{standby.port},127.0.0.1:{primary.port}"
    return f"postgresql://postgres@{hosts}/postgres?application_name=x{request.param}"


def test_with_several_hosts_it_is_the_one_that_takes_writes(several, tmp_path):
    taken_back = roll_back_last(several)
    assert apply_pending(several) == [taken_back]
    for command in (["migrate"], ["migration", "drift"], ["migration", "rollback", "--force"], ["migrate"]):
        done = manage(*command, home=tmp_path, DATABASE_URL=several)
        assert done.returncode == 0, done.stderr


def test_backups_too_go_where_writes_are_taken(several, tmp_path):
    with closing(psycopg2.connect(several, target_session_attrs="read-write")) as connection:
        serve_meals(connection)
    try:
        commands = Commands(several, tmp_path / "backups", EMBEDDED)
        backup = commands.back_up()
        for name, *arguments in (("verify-backup",), ("restore-db", backup.dump)):
            done = commands.run(name, *arguments)
            assert done.returncode == 0, done.stderr
    finally:
        with closing(psycopg2.connect(several, target_session_attrs="read-write")) as connection:
            connection.autocommit = True
            query(connection, "SET session_replication_role = replica; TRUNCATE stores CASCADE")


def test_a_standby_alone_says_why_not(standby, tmp_path):  # noqa: F811
    done = manage("migrate", home=tmp_path, DATABASE_URL=standby.url())
    assert done.returncode == 1
    assert "read-only" in done.stderr


@pytest.fixture
def service(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings that name a database by a service alone."""
    with embedded_server() as server:
        with closing(psycopg2.connect(server.uri())) as connection:
            connection.autocommit = True
            query(connection, "CREATE DATABASE by_service")
        folder = psycopg2.extensions.parse_dsn(server.uri())["host"]
        file = tmp_path / "services"
        file.write_text(f"[ours]\nhost={folder}\nuser=postgres\ndbname=by_service\n")
        yield {"PGSERVICEFILE": str(file), "DATABASE_URL": "postgresql:///?service=ours", "SERVER": server.uri()}


def test_a_service_names_the_database(service, tmp_path):
    server = service.pop("SERVER")
    for command in (["migrate"], ["migration", "drift"], ["migration", "list"]):
        done = manage(*command, home=tmp_path, **service)
        assert done.returncode == 0, done.stderr
    assert list(applied_migrations(server.replace("/postgres?", "/by_service?"))) == ALL
    assert list(applied_migrations(server)) == []
    commands = Commands(service.pop("DATABASE_URL"), tmp_path / "backups", EMBEDDED, **service)
    done = commands.run("backup-db")
    assert done.returncode == 0, done.stderr


def test_the_procfile_migrates_by_our_own_command(tmp_path):
    release = dict(line.split(": ", 1) for line in (CHECKOUT / "Procfile").read_text().splitlines())["release"]
    with embedded_server() as server:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "DATABASE_URL": server.uri(), "PATH": path}
        done = subprocess.run(["sh", "-c", release], cwd=CHECKOUT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert list(applied_migrations(server.uri())) == ALL
