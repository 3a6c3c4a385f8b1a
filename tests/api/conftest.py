"""A real server process, two workers, on a database of its own; each test has a store of its own in it."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self

import bcrypt
import psycopg2
import pytest
import requests

from tests.api.client import Client, Restaurant, Tablet
from tests.api.streams import ADMIN_STREAM
from tests.database.servers import free_port
from tests.logged import assert_no_secret
from tests.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]
JWT_SECRET_KEY = "a key for tests only, 32 bytes or more"


CRASH = re.compile(r'"exception": |^Traceback', re.MULTILINE)


class Server:
    """gunicorn with the API, as bin/serve starts it."""

    CONFIGURATION = "deploy/gunicorn.conf.py"
    APPLICATION = "wsgi:app"
    READY = "/health/ready", 200

    def __init__(self, database_url: str, log: Path, *, checkout: Path = CHECKOUT, **environment: str) -> None:
        self.database_url = database_url
        self._checkout = checkout
        port = str(free_port())
        self.base = f"http://127.0.0.1:{port}"
        self._log = log
        settings = {
            "DATABASE_URL": database_url,
            "JWT_SECRET_KEY": JWT_SECRET_KEY,
            "BCRYPT_COST": "4",
            "TRUSTED_PROXIES": "1",
            "WEB_CONCURRENCY": "2",
            "PORT": port,
            "STREAM_BIND": f"127.0.0.1:{port}",
            "TMPDIR": str(log.parent),  # where one that is killed leaves what it has
        }
        self._environment = {**os.environ, **settings, **environment}
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "--config", self.CONFIGURATION, self.APPLICATION]
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=self._checkout, env=self._environment, stdout=output, stderr=output, start_new_session=True
            )

    def wait_until_ready(self) -> Self:
        with suppress(AssertionError):
            until(lambda: self._is_ready() or self.process.poll() is not None)
        if not self._is_ready():
            pytest.fail(f"the server did not become ready:\n{self.log()}")
        return self

    def _is_ready(self) -> bool:
        path, status = self.READY
        try:
            return requests.get(f"{self.base}{path}", timeout=5).status_code == status
        except (requests.ConnectionError, requests.Timeout):
            return False

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
        assert_no_secret(self.log())

    def kill(self) -> None:
        """End the master and its workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class StreamServer(Server):
    """gunicorn with the live feed, as bin/serve starts it."""

    CONFIGURATION = "deploy/gunicorn.stream.conf.py"
    APPLICATION = "tableorder.stream.asgi:app"
    READY = ADMIN_STREAM, 401


@pytest.fixture(scope="session")
def server(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this process that do not harm it."""
    running = Server(shared_database_url, tmp_path_factory.mktemp("server") / "log")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()
        assert "crash in request" not in running.log()


@pytest.fixture(scope="session")
def stream_server(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamServer]:
    """One live feed for all tests of this process that do not harm it."""
    running = StreamServer(shared_database_url, tmp_path_factory.mktemp("stream") / "log")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()
        assert not CRASH.search(running.log())


@pytest.fixture
def client(server: Server) -> Client:
    """Somebody without a token."""
    return Client(server.base)


@pytest.fixture
def open_restaurant(server: Server) -> Callable[[], Restaurant]:
    """Opens restaurants on the server."""
    return partial(add_restaurant, server)


@pytest.fixture
def restaurant(open_restaurant: Callable[[], Restaurant]) -> Restaurant:
    """One without tables and menus."""
    return open_restaurant()


@pytest.fixture
def table_id(restaurant: Restaurant) -> int:
    """Its table 1."""
    return restaurant.add_table(1)


@pytest.fixture
def tablet(restaurant: Restaurant, table_id: int) -> Tablet:
    """The tablet of table 1, logged in."""
    return restaurant.seat(1)


@pytest.fixture
def menu_id(restaurant: Restaurant) -> int:
    """A menu for 9,000 won, 김치찌개."""
    return restaurant.add_menu()


@pytest.fixture
def query(server: Server) -> Callable[..., list[tuple]]:
    """What is really in the database."""

    def run(statement: str, *parameters: object) -> list[tuple]:
        return run_sql(server.database_url, statement, *parameters)

    return run


def add_restaurant(server: Server) -> Restaurant:
    username, password = f"사장-{secrets.token_hex(8)}", secrets.token_hex(8)
    password_hash = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    [(store_id,)] = run_sql(
        server.database_url,
        "INSERT INTO stores (store_name, admin_username, admin_password_hash) VALUES (%s, %s, %s) RETURNING store_id",
        "한식당",
        username,
        password_hash,
    )
    return Restaurant(server.base, store_id, "한식당", username, password)


def run_sql(database_url: str, statement: str, *parameters: object) -> list[tuple]:
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
