"""docs/operations.md, typed in as it stands, at a service that has the very trouble."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import requests

from tableorder.management import demo
from tests.api.server import JWT_SECRET_KEY, run_sql
from tests.backups.commands import MODULES, PROGRAMS
from tests.documents import DOCUMENTS, NEEDS_SYSTEMD, blocks, section
from tests.management.running import CHECKOUT, Serve, environment
from tests.terminal import Terminal

RUNBOOK = DOCUMENTS["docs/operations.md"]


class Desk:
    """Where the operator sits: a shell in an installation, with its settings."""

    def __init__(self, folder: Path, serve: Serve, database_url: str) -> None:
        self.base, self.database_url = serve.base, database_url
        self._folder = folder
        settings = {"DATABASE_URL": database_url, "API": serve.base, "FEED": serve.base, "BACKUP_DIR": str(folder)}
        self._environment = environment(folder / "home", **settings)
        self._environment["PATH"] = f"{PROGRAMS}:{self._environment['PATH']}"
        (folder / "sql").symlink_to(CHECKOUT / "sql")
        (folder / "bin").mkdir()
        modules = {name: f"tableorder.backups.{module}" for name, module in MODULES.items()}
        for name, module in {"tableorder": "tableorder.management", **modules}.items():
            script = folder / "bin" / name  # as in bin/, without setting up first
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
            script.chmod(0o755)

    def follow(self, heading: str, number: int, **variables: str) -> str:
        """What a block of a section prints."""
        return self.run(*self._shell(heading, number), **variables)

    def run(self, *command: str, **variables: str) -> str:
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment | variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def terminal(self, heading: str, number: int, **variables: str) -> Terminal:
        """A terminal in which a block of a section is typed."""
        return Terminal(self._shell(heading, number), env=self._environment | variables, cwd=self._folder)

    def log_in(self) -> requests.Response:
        body = {"username": demo.USERNAME, "password": demo.ADMIN_PASSWORD}
        return requests.post(f"{self.base}/api/v1/auth/admin/login", json=body, timeout=30)

    def _shell(self, heading: str, number: int) -> list[str]:
        typed = [block for block in blocks(section(RUNBOOK, heading)) if not NEEDS_SYSTEMD.search(block)][number]
        return ["bash", "-euo", "pipefail", "-c", next(blocks(RUNBOOK)) + typed]


@pytest.fixture(scope="module")
def desk(make_database, tmp_path_factory) -> Iterator[Desk]:
    folder, url = tmp_path_factory.mktemp("desk"), make_database()
    settings = {"DATABASE_URL": url, "JWT_SECRET_KEY": JWT_SECRET_KEY, "LOGIN_ACCOUNT_FAILURES": "1"}
    serve = Serve(folder / "home", folder / "log", **settings).wait_until_ready()
    try:
        seated = Desk(folder, serve, url)
        seated.run("bin/backup-db")  # a checklist without a backup fails
        yield seated
    finally:
        assert serve.stop() == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_looking_at_it_finds_nothing_wrong(desk):
    shown = desk.follow("Look first", 0)
    for expected in ('"status":"ready"', '"checked_out":', "\n401\n", "up to ", "reachable as tableorder"):
        assert expected in shown.replace('": ', '":'), shown


def test_whether_the_database_is_there_is_said(desk):
    assert "accepting connections" in desk.follow("The database is down", 0)


def test_it_is_said_what_fills_the_disk(desk):
    shown = desk.follow("The disk is full", 0)
    assert "slot_name" in shown and "order_history" in shown


def test_who_holds_the_others_up_is_found_and_ended(desk):
    heading = "It is slow, or the pool is exhausted"
    with closing(psycopg2.connect(desk.database_url)) as culprit, culprit.cursor() as cursor:
        cursor.execute("LOCK TABLE menus; SELECT pg_sleep(1.1)")  # the query shows what is older than a second
        pid = str(culprit.info.backend_pid)
        assert pid in desk.follow(heading, 0).split()
        desk.follow(heading, 1, pid=pid)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")


def test_the_newest_events_are_shown(desk):
    run_sql(desk.database_url, "UPDATE menus SET price = price + 500")
    assert "menu_changed" in desk.follow("A counter sees no new orders", 0)


def test_a_lost_password_is_replaced_and_a_count_forgotten(desk):
    heading = "Somebody cannot log in"
    with desk.terminal(heading, 1, username=demo.USERNAME) as opened:
        for question in ("New password of demo: ", "The same again: "):
            opened.wait_for(question)
            opened.type("another one\n")
        opened.read_to_the_end()
        assert opened.status == 0
    assert desk.log_in().status_code == 401
    assert desk.log_in().status_code == 429
    [(account_id,)] = run_sql(
        desk.database_url, "SELECT DISTINCT account_id::text FROM failed_logins WHERE kind = 'admin'"
    )
    assert "DELETE" in desk.follow(heading, 0, kind="admin", account_id=account_id)
    assert desk.log_in().status_code == 401


def test_the_newest_backup_is_proved_and_restored(desk):
    menus = run_sql(desk.database_url, "SELECT count(*) FROM menus")
    desk.run("bin/backup-db")
    run_sql(desk.database_url, "SET session_replication_role = replica; DELETE FROM menus WHERE price > 9000")
    desk.follow("Rows were damaged", 0)
    assert "Nothing to apply." in desk.follow("Rows were damaged", 1)
    assert run_sql(desk.database_url, "SELECT count(*) FROM menus") == menus
