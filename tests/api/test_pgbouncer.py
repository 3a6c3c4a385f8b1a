"""Behind PgBouncer in transaction mode, where no two statements need meet the same server connection."""

from __future__ import annotations

import functools
import itertools
import json
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
import requests
from psycopg2 import extensions

from tableorder.database.isolation import is_transaction_pooled
from tests.api.client import Client, at_once, expect
from tests.api.server import Server, StreamServer, add_restaurant, refused, run_sql
from tests.api.streams import ADMIN_STREAM, Reader
from tests.database.embedded import as_application, file_for_everybody
from tests.database.servers import Network, free_port
from tests.management.running import manage
from tests.waiting import assert_within, until

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="needs pgbouncer (Debian's package)")

CONFIG = """
[databases]
{dbname} = host={host} dbname={dbname}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = {mode}
default_pool_size = 3
ignore_startup_parameters = {ignored}
"""


@contextmanager
def pgbouncer(database_url: str, *, mode: str = "transaction", ignored: str = "") -> Iterator[str]:
    """The URL of a database behind three server connections; `ignored`: what a client says that is not handed on."""
    port, parts = free_port(), extensions.parse_dsn(database_url)
    if not os.path.isdir(parts["host"]):
        pytest.skip("needs a server on a Unix socket, which asks for no password")
    # The server's socket is for its user, and PgBouncer refuses root: run as the user who owns it.
    owner = os.stat(parts["host"]).st_uid
    identity = {"user": owner, "group": pwd.getpwuid(owner).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    text = functools.partial(CONFIG.format, port=port, mode=mode, ignored=ignored, **parts)
    with (
        file_for_everybody("users", '"postgres" ""\n"tableorder" ""\n') as users,
        file_for_everybody("pgbouncer.ini", text(users=users)) as file,
    ):
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([PGBOUNCER, str(file)], **silent, **identity)
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/{parts['dbname']}"
            until(lambda: answers(url))
            yield url
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def bouncer(make_database) -> Iterator[str]:
    with pgbouncer(make_database()) as url:
        yield url


def answers(url: str) -> bool:
    try:
        with closing(psycopg2.connect(url)):
            return True
    except psycopg2.OperationalError:
        return False


@pytest.fixture(scope="module")
def server(bouncer, tmp_path_factory) -> Iterator[Server]:
    running = Server(bouncer, tmp_path_factory.mktemp("server") / "log", DATABASE_SESSION_STATE="off")
    yield running.wait_until_ready()
    running.stop()
    assert "crash in request" not in running.log()


def test_many_restaurants_at_once_each_see_their_own(server):
    restaurants = [add_restaurant(server) for _ in range(4)]
    tablets, menus = [], []
    for restaurant in restaurants:
        restaurant.add_table(1)
        tablets.append(restaurant.seat(1))
        menus.append(restaurant.add_menu())
    for number in range(10):
        placed = at_once(
            *[
                functools.partial(tablet.order, (menu_id, 1), key=str(number))
                for tablet, menu_id in zip(tablets, menus, strict=True)
                for _ in range(3)
            ]
        )
        ids = [expect(201, answer)["order_id"] for answer in placed]
        assert len(set(ids)) == 4
    for restaurant, tablet in zip(restaurants, tablets, strict=True):
        listed = expect(200, tablet.get("/customer/orders"))
        assert len(listed["orders"]) == 10
        assert listed["orders"][0]["order_time"].endswith("+09:00")
        [table] = expect(200, restaurant.admin.get("/admin/orders"))["tables"]
        ended = expect(200, restaurant.end_session(table["table_id"]))
        assert ended["order_count"] == 10


def test_a_statement_has_its_bounds_and_the_applications_role(server, bouncer):
    from tableorder.database.connection import Database
    from tableorder.database.pool import PoolSettings

    database = Database(PoolSettings(bouncer, session_state=False, statement_timeout=1.25))
    with database.connect(7) as connection:
        assert connection.fetch_one(
            "SELECT current_user, current_setting('statement_timeout'), current_setting('TimeZone'),"
            " current_setting('app.store_id')"
        ) == ("tableorder", "1250ms", "Asia/Seoul", "7")
    with database.connect(None) as connection:
        assert connection.fetch_value("SELECT current_setting('app.store_id', true)") in (None, "")
    database.pool.close()


def test_the_live_feed_goes_on_though_notifications_do_not_come_through(server, bouncer, tmp_path):
    stream = StreamServer(bouncer, tmp_path / "stream", DATABASE_SESSION_STATE="off").wait_until_ready()
    try:
        restaurant = add_restaurant(server)
        reader = Reader(stream.base, ADMIN_STREAM, token=restaurant.admin.token)
        reader.wait_for(1)
        numbers = itertools.count(1)

        def seconds_to_the_event() -> float:
            count, started = len(reader.events), time.monotonic()
            restaurant.add_table(next(numbers))
            assert reader.wait_for(count + 1)[count].type == "table_changed"
            return time.monotonic() - started

        assert_within(3, seconds_to_the_event)
    finally:
        stream.stop()


FORGOTTEN = "does not keep what is set for a session; set DATABASE_SESSION_STATE=off"


def test_that_the_setting_was_forgotten_is_noticed_at_the_start(make_database):
    """Both ways: the connection begins without the application's settings, or with them, and is shared all the same."""
    url = make_database()
    with pgbouncer(url, ignored="options") as bouncer:
        assert refused("", DATABASE_URL=as_application(bouncer)).endswith(FORGOTTEN)
        assert refused(".stream", DATABASE_URL=as_application(bouncer)).endswith(FORGOTTEN)
    database = extensions.parse_dsn(url)["dbname"]
    run_sql(url, f"ALTER ROLE tableorder IN DATABASE {database} SET plan_cache_mode = force_generic_plan")
    with pgbouncer(url, ignored="options") as bouncer:
        assert refused("", DATABASE_URL=as_application(bouncer)).endswith(FORGOTTEN)
    with pgbouncer(url, mode="session", ignored="options") as bouncer:
        assert is_transaction_pooled(bouncer, seconds=5) is False


def test_it_is_not_ready_and_refuses_if_the_setting_was_forgotten_and_the_database_came_later(make_database, tmp_path):
    with pgbouncer(make_database(), ignored="options") as bouncer:
        away = Network(int(extensions.parse_dsn(bouncer)["port"]))
        url = as_application(bouncer).replace(bouncer.rpartition(":")[2].partition("/")[0], str(away.port))
        with away.cut():
            server = Server(url, tmp_path / "log", DATABASE_CONNECT_TIMEOUT="1", WEB_CONCURRENCY="1")
            until(lambda: is_listening(server))
        client = Client(server.base)
        try:
            answer = expect(503, client.get("/health/ready"))
            assert answer["checks"] == {"database": "the database does not keep what is set for a session"}
            login = {"username": "x", "password": "y"}
            assert client.post("/auth/admin/login", json=login).status_code == 503
        finally:
            server.stop()
            away.close()


def is_listening(server: Server) -> bool:
    try:
        return Client(server.base).get("/health").status_code == 200
    except requests.ConnectionError:
        return False


def test_check_notices_it_too(make_database, tmp_path):
    url = make_database()
    with pgbouncer(url, ignored="options") as bouncer:
        checked = manage("check", "--json", home=tmp_path, DATABASE_URL=bouncer)
    [found] = [finding for finding in json.loads(checked.stdout) if finding["item"] == "pool"]
    assert found["status"] == "failed" and "does not keep what is set for a session" in found["detail"]
