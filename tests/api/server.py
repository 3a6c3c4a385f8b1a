"""Real server processes, the API and the live feed, as bin/serve starts them; and restaurants on them."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import bcrypt
import psycopg2
import pytest
import requests

from tests.api.client import Restaurant
from tests.api.streams import ADMIN_STREAM
from tests.database.embedded import as_application
from tests.database.servers import free_port
from tests.log_secrets import assert_no_secret
from tests.management.running import CHECKOUT
from tests.waiting import until

JWT_SECRET_KEY = "a key for tests only, 32 bytes or more"


CRASH = re.compile(r'"exception": |^Traceback', re.MULTILINE)


PROCESSES = {"": "wsgi:app", ".stream": "tableorder.stream.asgi:app"}  # by gunicorn's configuration


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
            "JWT_SECRET_KEY": JWT_SECRET_KEY,
            "BCRYPT_COST": "4",
            "LIMIT_LOGIN_CHECKS": "0",  # a test's restaurant may have any number of logins at once
            "TRUSTED_PROXIES": "1",
            **dict.fromkeys(("LIMIT_SESSION_ORDERS", "LIMIT_SESSION_LINES", "LIMIT_ORDER_RATE"), "0"),
            "WEB_CONCURRENCY": "2",
            "PORT": port,
            "STREAM_BIND": f"127.0.0.1:{port}",
            "TMPDIR": str(log.parent),  # where one that is killed leaves what it has
        }
        urls = {name: url for name, url in environment.items() if name.startswith("DATABASE_") and "://" in url}
        urls = {name: as_application(url) for name, url in {"DATABASE_URL": database_url, **urls}.items()}
        self._environment = {**os.environ, **settings, **environment, **urls}
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


def refused(kind: str, **settings: str) -> str:
    """What a process says that ends at its start."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", f"deploy/gunicorn{kind}.conf.py", PROCESSES[kind]]
    binds = {"WEB_BIND": f"127.0.0.1:{port}", "STREAM_BIND": f"127.0.0.1:{port}"}
    ended = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={"JWT_SECRET_KEY": JWT_SECRET_KEY, **binds, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1, ended.stderr
    return ended.stderr.splitlines()[-1]
