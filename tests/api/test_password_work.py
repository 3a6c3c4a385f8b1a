"""bcrypt's work: as much of it for everybody, so much at once, and none of it in the way of others."""

from __future__ import annotations

import functools
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import psutil
import pytest
import requests

from tableorder.blueprints import find_nouns
from tableorder.config import Config
from tableorder.server.affinity import NICENESS
from tableorder.web.app import create_app
from tests.api.client import TABLE_PASSWORD, Client, Restaurant, at_once, expect, refused
from tests.api.server import JWT_SECRET_KEY, Server, add_restaurant, run_sql
from tests.waiting import ATTEMPTS, assert_within, until

WRONG = "a wrong password"


def hashed(password: str, cost: int) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


# As much of it for everybody


@pytest.fixture
def work(monkeypatch) -> list[int]:
    """The rounds of bcrypt that each check and each new hash took."""
    done: list[int] = []

    def counted(work):
        def call(password, salt):
            done.append(2 ** int(salt[4:6]))
            return work(password, salt)

        return call

    monkeypatch.setattr(bcrypt, "checkpw", counted(bcrypt.checkpw))
    monkeypatch.setattr(bcrypt, "hashpw", counted(bcrypt.hashpw))
    return done


class Here:
    """The application in this process, on a database of its own, with stores whose hashes cost 4 and 6."""

    def __init__(self, database_url: str, cost: int) -> None:
        self.url = database_url
        environment = {"DATABASE_URL": database_url, "JWT_SECRET_KEY": JWT_SECRET_KEY, "BCRYPT_COST": str(cost)}
        config = Config.from_environment(environment | {"TRUSTED_PROXIES": "1"})
        self._client = create_app(config, find_nouns()).test_client()

    def add_store(self, username: str, cost: int) -> None:
        add = (
            "WITH store AS (INSERT INTO stores (store_name, admin_username, admin_password_hash) VALUES ('x', %s, %s)"
            " RETURNING store_id)"
            " INSERT INTO tables (store_id, table_number, table_password_hash) SELECT store_id, 1, %s FROM store"
        )
        run_sql(self.url, add, username, hashed("right", cost), hashed("right", cost))

    def log_in(self, username: str, password: str = WRONG, address: str = "192.0.2.1") -> int:
        body = {"username": username, "password": password}
        headers = {"X-Forwarded-For": address}
        return self._client.post("/api/v1/auth/admin/login", json=body, headers=headers).status_code

    def log_in_table(self, store_id: int, password: str = WRONG) -> int:
        body = {"store_id": store_id, "table_number": 1, "table_password": password}
        return self._client.post("/api/v1/auth/table/login", json=body).status_code


@pytest.fixture
def make_here(database_url):
    def make(cost: int) -> Here:
        here = Here(database_url, cost)
        here.add_store("cheap", 4)
        here.add_store("dear", 6)
        return here

    return make


@pytest.mark.parametrize("cost", [4, 6, 7])
def test_every_wrong_login_takes_the_work_of_the_dearest_hash(make_here, work, cost):
    here = make_here(cost)
    for log_in in (
        lambda: here.log_in("cheap"),
        lambda: here.log_in("dear"),
        lambda: here.log_in("nobody"),
        lambda: here.log_in_table(1),
        lambda: here.log_in_table(2),
        lambda: here.log_in_table(3),
    ):
        work.clear()
        assert log_in() == 401
        assert sum(work) == 2 ** max(cost, 6)


def test_nor_does_the_work_tell_them_apart_once_strangers_have_used_up_the_count(make_here, work):
    """From an address that one admin has logged in from, guesses of all of them are checked, and no longer than ten."""
    here = make_here(4)
    assert here.log_in("cheap", "right", "192.0.2.99") == 200
    seen = []
    for username in ("cheap", "dear", "nobody"):
        for number in range(10):
            assert here.log_in(username, address=f"192.0.2.{number + 1}") == 401
        taken = []
        for address in ["192.0.2.99"] * 11 + ["192.0.2.50"]:
            work.clear()
            taken.append((here.log_in(username, address=address), sum(work)))
        seen.append(taken)
    assert seen[0] == seen[1] == seen[2] == [(429, 2**6)] * 10 + [(429, 0)] * 2


def test_a_right_password_that_is_not_let_in_takes_the_work_of_a_wrong_one(make_here, work):
    here = make_here(4)
    assert here.log_in("dear", "right", "192.0.2.99") == 200  # that address is known, and not the cheap one's
    for number in range(10):
        here.log_in("cheap", address=f"192.0.2.{number + 1}")
    for password in ("right", WRONG):
        work.clear()
        assert here.log_in("cheap", password, "192.0.2.99") == 429
        assert sum(work) == 2**6


def test_a_login_renews_a_hash_that_is_cheaper_than_a_new_one(make_here):
    here = make_here(5)
    for _ in range(2):
        assert [here.log_in(name, "right") for name in ("cheap", "dear")] == [200, 200]
        assert [here.log_in_table(store_id, "right") for store_id in (1, 2)] == [200, 200]
        for hashes in ("SELECT admin_password_hash FROM stores", "SELECT table_password_hash FROM tables"):
            assert {hash_[:7] for (hash_,) in run_sql(here.url, hashes)} == {"$2b$05$", "$2b$06$"}


def test_a_hash_that_is_no_bcrypt_hash_lets_nobody_in_and_harms_nobody(make_here, work):
    here = make_here(4)
    run_sql(here.url, "UPDATE stores SET admin_password_hash = '$2b$99' WHERE admin_username = 'cheap'")
    run_sql(here.url, "UPDATE stores SET admin_password_hash = '$2b$06$short' WHERE admin_username = 'dear'")
    assert [here.log_in(name) for name in ("cheap", "dear", "nobody")] == [401] * 3


# So much of it at once


@pytest.fixture
def make_server(server, tmp_path) -> Iterator[functools.partial]:
    """Starts servers on the shared database."""
    started: list[Server] = []

    def make(**settings: str) -> Server:
        settings = {"LIMIT_LOGIN_CHECKS": "", **settings}
        started.append(Server(server.database_url, tmp_path / f"log-{len(started)}", **settings))
        return started[-1].wait_until_ready()

    yield make
    for running in started:
        running.stop()


def worker_of(running: Server) -> psutil.Process:
    [worker] = psutil.Process(running.process.pid).children()
    return worker


def hashing_threads(worker: psutil.Process) -> list[int]:
    """The worker's threads that give way."""
    return [thread.id for thread in worker.threads() if os.getpriority(os.PRIO_PROCESS, thread.id) == NICENESS]


def test_two_are_checked_at_once_and_more_are_refused_at_once(make_server, restaurant):
    """For a table's new password as for a login; whoever comes with nothing to check is served."""
    restaurant.add_table(1)
    slow = make_server(WEB_CONCURRENCY="1", BCRYPT_COST="15")
    client, admin = Client(slow.base), Client(slow.base, restaurant.admin.token)
    login = {"username": "nobody", "password": WRONG}
    with ThreadPoolExecutor(2) as threads:
        checks = [threads.submit(Client(slow.base).post, "/auth/admin/login", login) for _ in range(2)]
        until(lambda: len(hashing_threads(worker_of(slow))) == 2)
        answers = [
            client.post("/auth/admin/login", login),
            client.post("/auth/table/login", {"store_id": 1, "table_number": 1, "table_password": WRONG}),
            admin.post("/admin/tables", {"table_number": 2, "table_password": TABLE_PASSWORD}),
        ]
        expect(200, admin.get("/admin/menus"))
        assert not any(check.done() for check in checks)
        for answer in answers:
            refused(503, "too_many_logins", answer)
            assert answer.headers["Retry-After"] == "1"
        for check in checks:
            refused(401, "credentials_invalid", check.result())
    tables = expect(200, admin.get("/admin/tables"))["tables"]
    assert [table["table_number"] for table in tables] == [1]


def test_threads_that_check_give_way_and_use_any_processor(make_server):
    slow = make_server(WEB_CONCURRENCY="1", BCRYPT_COST="14")
    with ThreadPoolExecutor(1) as threads:
        check = threads.submit(Client(slow.base).post, "/auth/admin/login", {"username": "nobody", "password": WRONG})
        until(lambda: hashing_threads(worker_of(slow)))
        [thread] = hashing_threads(worker_of(slow))
        assert os.sched_getaffinity(thread) == os.sched_getaffinity(0)
        refused(401, "credentials_invalid", check.result())


def test_who_has_left_is_not_worked_for(make_server):
    """Logins that wait for the only thread, whose clients do not wait for it."""
    slow = make_server(WEB_CONCURRENCY="1", WEB_THREADS="1", BCRYPT_COST="14")
    body = json.dumps({"username": f"nobody-{secrets.token_hex(4)}", "password": WRONG})
    host, port = slow.base.removeprefix("http://").split(":")
    with ThreadPoolExecutor(1) as threads:
        check = threads.submit(Client(slow.base).post, "/auth/admin/login", {"username": "nobody", "password": WRONG})
        until(lambda: hashing_threads(worker_of(slow)))
        for number in range(5):
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(
                    f"POST /api/v1/auth/admin/login HTTP/1.1\r\nHost: x\r\nX-Request-ID: left-{number}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
                )
        refused(401, "credentials_invalid", check.result())

    def lines() -> list[dict]:
        logged = [json.loads(line) for line in slow.log().splitlines()]
        return [line for line in logged if str(line.get("request_id")).startswith("left-")]

    until(lambda: len(lines()) == 5)
    assert [(line["status"], line["statements"]) for line in lines()] == [(503, 0)] * 5


# None of it in the way of others

# A hundred wrong logins at the same time, each over a connection of its own, from one address.
FLOOD = """
import asyncio, sys

async def log_in(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    writer.write(request)
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status

async def flood(port, address):
    body = '{"username": "nobody-%s", "password": "x"}' % address
    head = "POST /api/v1/auth/admin/login HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nX-Forwarded-For: %s\\r\\n"
    head += "Content-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n"
    request = (head % (address, len(body)) + body).encode()
    print(*await asyncio.gather(*[log_in(port, request) for _ in range(100)]))

asyncio.run(flood(int(sys.argv[1]), sys.argv[2]))
"""


def menu_times(session: requests.Session, url: str, enough: int, flood: subprocess.Popen | None = None) -> list[float]:
    """The seconds that requests for the menu take, one after the other: so many, and on until the flood is over."""
    taken = []
    while len(taken) < enough or (flood and flood.poll() is None):
        started = time.perf_counter()
        assert session.get(url, timeout=30).status_code == 200
        taken.append(time.perf_counter() - started)
    return taken


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


@pytest.mark.long
def test_a_hundred_wrong_logins_at_once_do_not_hold_up_another_stores_menus(make_server):
    """Quiet and flooded by turns, so that what else the machine does is in both."""
    running = make_server(BCRYPT_COST="12")
    restaurant = add_restaurant(running)
    restaurant.add_menu()
    restaurant.add_table(1)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {restaurant.seat(1).token}"
    url = f"{running.base}/api/v1/customer/menus"
    menu_times(session, url, 50)
    seen = []
    for _ in range(ATTEMPTS):
        quiet, flooded, statuses = [], [], []
        for _ in range(5):
            quiet += menu_times(session, url, 100)
            command = [sys.executable, "-c", FLOOD, running.base.rpartition(":")[2], Client(running.base).address]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as flood:
                flooded += menu_times(session, url, 100, flood)
                statuses += flood.stdout.read().split()
        assert len(statuses) == 500 and set(statuses) == {"401", "503"}
        seen.append((p99(quiet), p99(flooded)))
        if seen[-1][1] < 0.3 and seen[-1][1] <= 3 * seen[-1][0]:
            return
    pytest.fail(f"p99, quiet and flooded: {seen}")


def log_in_when_told(restaurant: Restaurant, base: str, number: int, address: str) -> int:
    """Log a tablet in, coming back when the answer says so; how many answers it took."""
    client = Client(base)
    client.address = address
    body = {"store_id": restaurant.store_id, "table_number": number, "table_password": TABLE_PASSWORD}
    for attempt in range(1, 61):
        answer = client.post("/auth/table/login", body)
        if answer.status_code == 200:
            return attempt
        refused(503, "too_many_logins", answer)
        threading.Event().wait(int(answer.headers["Retry-After"]))
    raise AssertionError("sixty refusals")


def test_twenty_tablets_that_are_switched_on_together_are_in_within_seconds(make_server, restaurant):
    running = make_server(BCRYPT_COST="12")
    table_hash = hashed(TABLE_PASSWORD, 12)
    run_sql(
        running.database_url,
        "INSERT INTO tables (store_id, table_number, table_password_hash)"
        " SELECT %s, number, %s FROM generate_series(1, 20) AS number",
        restaurant.store_id,
        table_hash,
    )
    address = Client(running.base).address
    log_ins = [functools.partial(log_in_when_told, restaurant, running.base, n, address) for n in range(1, 21)]

    def seconds_until_all_are_in() -> float:
        started = time.monotonic()
        assert max(at_once(*log_ins)) > 1
        return time.monotonic() - started

    assert_within(30, seconds_until_all_are_in)
