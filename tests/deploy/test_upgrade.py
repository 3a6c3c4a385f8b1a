"""docs/upgrading.md, done under load: new code and a migration come in, and no guest notices."""

from __future__ import annotations

import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.api.client import Tablet, expect
from tests.api.server import JWT_SECRET_KEY, Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, Reader
from tests.management.running import CHECKOUT, environment
from tests.waiting import until

TABLETS = 4  # half of them keep their connection
RELEASES = ["second", "the third"]  # of unlike length: Python knows a changed file by its length and its second
MIGRATION = "9000.add-note"

# What tells in the log that a worker has read all of its code; before that the next version must not come.
HOOK = """
_init = globals().get("post_worker_init", lambda worker: None)

def post_worker_init(worker):
    _init(worker)
    worker.log.info("Loaded %s", worker.pid)
"""


class Checkout:
    """A copy of the checkout, in which versions come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tableorder", "deploy", "migrations", "sql"):
            shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("wsgi.py", "yoyo.ini"):
            shutil.copy(CHECKOUT / name, folder / name)
        for configuration in (folder / "deploy").glob("gunicorn*.py"):
            configuration.write_text(configuration.read_text() + HOOK)
        self._changed = folder / "tableorder" / "blueprints" / "health.py"
        self._original = self._changed.read_text()

    def release(self, name: str) -> None:
        changed = self._original.replace('{"status": "alive"}', f'{{"status": "alive", "release": "{name}"}}')
        assert changed != self._original
        self._changed.write_text(changed)

    def go_back(self) -> None:
        """To the first version, of which the new migration is no part."""
        self._changed.write_text(self._original)
        (self.folder / "migrations" / f"{MIGRATION}.sql").unlink()

    def add_migration(self) -> None:
        latest = max(file.stem for file in (self.folder / "migrations").glob("*.sql") if "rollback" not in file.stem)
        text = f"-- A test's.\n-- depends: {latest}\n\nALTER TABLE orders ADD COLUMN mine text;\n"
        (self.folder / "migrations" / f"{MIGRATION}.sql").write_text(text)

    def break_(self) -> None:
        """With a line that both process types import."""
        (self.folder / "tableorder" / "config.py").write_text("import nothing_of_that_name\n")

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a module of Python's with this code."""
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment(self.folder / "home", **settings), capture_output=True, text=True
        )


class Guest:
    """A tablet that orders without a pause, each order once and with a key, and never tries again."""

    def __init__(self, tablet: Tablet, menu_id: int, *, keeps_connection: bool) -> None:
        self.keys: list[str] = []
        self.failures: list[str] = []
        self._stopped = threading.Event()
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {tablet.token}"
        if not keeps_connection:
            self._session.headers["Connection"] = "close"
        self._url = f"{tablet.base}/api/v1/customer/orders"
        self._body = {"items": [{"menu_id": menu_id, "quantity": 1}]}
        self._thread = threading.Thread(target=self._order, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(60)

    def _order(self) -> None:
        while not self._stopped.is_set():
            key = secrets.token_hex(8)
            try:
                answer = self._session.post(self._url, json=self._body, headers={"Idempotency-Key": key}, timeout=30)
                failure = f"{answer.status_code}: {answer.text[:200]}" if answer.status_code != 201 else ""
            except requests.RequestException as error:
                failure = repr(error)
            if failure:
                self.failures.append(failure)
            else:
                self.keys.append(key)


class Screen:
    """The counter's: whenever the feed ends it comes back with the last event's id."""

    def __init__(self, base: str, token: str | None) -> None:
        self.readers: list[Reader] = []
        self._base, self._token = base, token
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def seen(self, type_: str) -> list[Any]:
        return [event.data for reader in self.readers for event in list(reader.events) if event.type == type_]

    def stop(self) -> None:
        self._stopped.set()
        self.readers[-1].close()
        self._thread.join(60)

    def _follow(self) -> None:
        last = None
        while not self._stopped.is_set():
            reader = Reader(self._base, ADMIN_STREAM, token=self._token, last_event_id=last)
            self.readers.append(reader)
            events = reader.wait_until_over(120) if reader.status == 200 else []
            last = max((event.id for event in events if event.id is not None), default=last)
            self._stopped.wait((reader.retry or 1000) / 1000)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


@pytest.fixture
def servers(checkout: Checkout, database_url: str, tmp_path: Path) -> Iterator[tuple[Server, StreamServer]]:
    api = Server(database_url, tmp_path / "api", checkout=checkout.folder)
    stream = StreamServer(database_url, tmp_path / "stream", checkout=checkout.folder)
    try:
        api.wait_until_ready(), stream.wait_until_ready()
        until(lambda: loaded(api) and loaded(stream))
        yield api, stream
    finally:
        api.stop()
        stream.stop()


def workers(server: Server) -> set[int]:
    return {child.pid for child in psutil.Process(server.process.pid).children()}


def loaded(server: Server) -> bool:
    """Whether all workers have read their code."""
    return all(f'"Loaded {pid}"' in server.log() for pid in workers(server))


def deploy(*servers: Server) -> None:
    """HUP, and wait until none of the former workers is left and the new ones have read their code."""
    former = {pid for server in servers for pid in workers(server)}
    for server in servers:
        server.process.send_signal(signal.SIGHUP)
    until(lambda: all(loaded(server) and not workers(server) & former for server in servers))


def release_of(server: Server) -> str | None:
    return expect(200, requests.get(f"{server.base}/health/live", timeout=30)).get("release")


@pytest.mark.long
def test_new_versions_come_in_under_load_and_nobody_notices(checkout, servers, database_url):
    api, stream = servers
    restaurant = add_restaurant(api)
    menu_id = restaurant.add_menu()
    for number in range(1, TABLETS + 1):
        restaurant.add_table(number)
    screen = Screen(stream.base, restaurant.admin.token)
    until(lambda: screen.seen("initial"))
    tablets = [restaurant.seat(number + 1) for number in range(TABLETS)]
    guests = [Guest(tablet, menu_id, keeps_connection=n % 2 == 0) for n, tablet in enumerate(tablets)]

    checkout.add_migration()
    assert {restaurant.admin.get("/health/ready").status_code for _ in range(10)} == {200}
    migrated = checkout.run("tableorder.management", "migrate", DATABASE_URL=database_url)
    assert (migrated.returncode, migrated.stdout) == (0, f"Applied {MIGRATION}\n1 applied.\n"), migrated.stderr
    for release in RELEASES:
        checkout.release(release)
        deploy(api, stream)
        assert {release_of(api) for _ in range(10)} == {release}
        expect(200, restaurant.admin.get("/health/ready"))
    checkout.go_back()  # and the schema stays
    deploy(api)
    assert {release_of(api) for _ in range(10)} == {None}
    expect(200, restaurant.admin.get("/health/ready"))

    for guest in guests:
        guest.stop()
    assert [failure for guest in guests for failure in guest.failures] == []
    keys = {key for guest in guests for key in guest.keys}
    assert all(len(guest.keys) > 10 for guest in guests)
    ordered = run_sql(database_url, "SELECT order_id FROM orders")
    assert len(ordered) == len(keys)
    assert {key for (key,) in run_sql(database_url, "SELECT idempotency_key FROM idempotency_keys")} == keys
    until(lambda: len(screen.seen("order_created")) >= len(ordered))
    screen.stop()
    assert sorted(event["order_id"] for event in screen.seen("order_created")) == sorted(id_ for (id_,) in ordered)
    assert len(screen.seen("initial")) == 1  # never one anew: what was missed came instead
    assert len(screen.readers) > 1


@pytest.mark.parametrize("unit", ["tableorder-api", "tableorder-stream"])
def test_a_version_that_does_not_start_is_refused_before_anything_is_reloaded(checkout, unit):
    text = (CHECKOUT / "deploy" / "systemd" / f"{unit}.service").read_text()
    [check, reload] = re.findall(r"^ExecReload=(.*)$", text, re.MULTILINE)  # systemd goes on only if one succeeds
    assert reload == "/bin/kill -HUP $MAINPID"
    command = check.removeprefix("/opt/tableorder/.venv/bin/").split()
    settings = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "JWT_SECRET_KEY": JWT_SECRET_KEY}
    good = checkout.run(*command, **settings)
    assert good.returncode == 0, good.stderr
    checkout.break_()
    broken = checkout.run(*command, **settings)
    assert broken.returncode == 1 and "nothing_of_that_name" in broken.stderr
