"""The database goes away under the server: 503 while it is away, never a wrong answer, and no restart needed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from functools import partial

import psycopg2
import pytest
from requests import Response

from tableorder.database.migrations import apply_pending
from tests.api.client import Client, Tablet, expect, refused
from tests.api.server import Server as Application
from tests.api.server import add_restaurant, run_sql
from tests.database.servers import Network, Server
from tests.factories import query
from tests.waiting import assert_within, until, until_it_holds_up_somebody


@pytest.fixture(scope="module")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("outages"))
    run_sql(running.url(), "SELECT 1")
    apply_pending(running.url())
    yield running
    running.close()


@pytest.fixture(scope="module")
def network(postgres_server: Server) -> Iterator[Network]:
    proxy = Network(postgres_server.port)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def application(
    postgres_server: Server, network: Network, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    running = Application(
        postgres_server.url(network.port),
        tmp_path_factory.mktemp("application") / "log",
        DATABASE_POOL_TIMEOUT="2",
        DATABASE_CONNECT_TIMEOUT="1",
        DATABASE_STATEMENT_TIMEOUT="1",
        DATABASE_POOL_SIZE="2",
        DATABASE_MAX_OVERFLOW="2",
    )
    yield running.wait_until_ready()
    running.stop()
    assert "crash in request" not in running.log()


@pytest.fixture
def tablet(application: Application):
    restaurant = add_restaurant(application)
    restaurant.add_table(1)
    tablet = restaurant.seat(1)
    tablet.claims |= {"menu_id": restaurant.add_menu(price=1000), "restaurant": restaurant}
    return tablet


def test_a_restart_under_load_costs_the_requests_in_flight_at_most(application, postgres_server, tablet):
    menu_id, statuses, acknowledged = tablet.claims["menu_id"], Counter(), []
    stop = threading.Event()

    def work(number: int) -> None:
        sent = 0
        while not stop.is_set():
            answer = tablet.order((menu_id, 1), key=f"{number}-{sent}")
            statuses[answer.status_code] += 1
            if answer.status_code == 201:
                acknowledged.append(answer.json()["order_id"])
                sent += 1
            else:
                assert answer.json()["code"] in ("database_unavailable", "pool_exhausted"), answer.text
                assert int(answer.headers["Retry-After"]) >= 1

    workers = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    for _ in range(3):
        seen = len(acknowledged)
        until(lambda seen=seen: len(acknowledged) > seen + 20)
        postgres_server.stop()
        postgres_server.start()
    seen = len(acknowledged)
    until(lambda: len(acknowledged) > seen + 20)
    stop.set()
    for worker in workers:
        worker.join()

    assert set(statuses) <= {201, 503}
    for _ in range(10):
        expect(200, tablet.get("/customer/orders"))
    session = tablet.claims["session_id"]
    stored = run_sql(postgres_server.url(), "SELECT order_id FROM orders WHERE session_id = %s", session)
    keys = run_sql(postgres_server.url(), "SELECT count(*) FROM idempotency_keys WHERE session_id = %s", session)
    assert {order_id for (order_id,) in stored} >= set(acknowledged)
    assert len(stored) == keys[0][0]
    assert len(set(acknowledged)) == len(acknowledged)


def test_while_the_database_is_down_the_service_says_so_and_lives(application, postgres_server, tablet):
    client = Client(application.base)
    postgres_server.stop()
    try:
        expect(200, client.get("/health"))
        expect(200, client.get("/health/live"))
        assert expect(503, client.get("/health/ready"))["status"] == "unavailable"
        sick = expect(503, client.get("/health/db"))
        assert sick["status"] == "unhealthy"
        assert sick["error"]
        answer = tablet.get("/customer/menus")
        refused(503, "database_unavailable", answer)
        assert int(answer.headers["Retry-After"]) >= 1
        refused(503, "database_unavailable", tablet.claims["restaurant"].log_in(1))
        for leak in ("127.0.0.1", "psycopg2", "Traceback", "refused"):
            assert leak not in answer.text + str(sick)
    finally:
        postgres_server.start()
    expect(200, tablet.get("/customer/menus"))
    expect(200, client.get("/health/db"))
    expect(200, client.get("/health/ready"))


def test_a_dead_network_is_a_503_in_time_and_forgotten_afterwards(application, network, tablet):
    client = Client(application.base)
    for bound, get in (
        (2.5, partial(client.get, "/health/db")),
        (2.5, partial(client.get, "/health/ready")),
        (4, partial(tablet.get, "/customer/menus")),
    ):
        assert_within(bound, partial(seconds_to_a_503, tablet, network.cut, get))
    pool = expect(200, client.get("/health/db"))["pool"]
    assert pool["checked_out"] == 0


def seconds_to_a_503(
    tablet: Tablet, outage: Callable[[], AbstractContextManager[None]], get: Callable[[], Response]
) -> float:
    """How long a request takes during an outage, before which and after which all is well."""
    expect(200, tablet.get("/customer/menus"))
    with outage():
        answer = get()
    assert answer.status_code == 503
    expect(200, tablet.get("/customer/menus"))
    return answer.elapsed.total_seconds()


def test_a_frozen_server_is_a_503_in_time(application, postgres_server, tablet):
    get = partial(tablet.get, "/customer/menus")
    assert_within(4, partial(seconds_to_a_503, tablet, postgres_server.frozen, get))


def test_a_lock_held_too_long_is_a_503_and_stores_nothing(application, postgres_server, tablet):
    holder = psycopg2.connect(postgres_server.url())
    with holder.cursor() as cursor:
        cursor.execute("SELECT FROM table_sessions WHERE session_id = %s FOR UPDATE", (tablet.claims["session_id"],))
    answer = tablet.order((tablet.claims["menu_id"], 1))
    holder.close()
    refused(503, "database_timeout", answer)
    assert expect(200, tablet.get("/customer/orders"))["orders"] == []


def test_an_exhausted_pool_is_a_503_that_says_so(postgres_server, tmp_path, network):
    application = Application(
        postgres_server.url(), tmp_path / "log", WEB_CONCURRENCY="1", DATABASE_POOL_SIZE="1",
        DATABASE_MAX_OVERFLOW="0", DATABASE_POOL_TIMEOUT="2", DATABASE_LOCK_TIMEOUT="50",
        DATABASE_STATEMENT_TIMEOUT="60",
    )  # fmt: skip
    try:
        application.wait_until_ready()
        restaurant = add_restaurant(application)
        restaurant.add_table(1)
        tablet = restaurant.seat(1)
        menu_id = restaurant.add_menu()
        with (
            closing(psycopg2.connect(postgres_server.url())) as holder,
            closing(psycopg2.connect(postgres_server.url())) as looker,
        ):
            query(holder, "SELECT FROM table_sessions WHERE table_id = %s FOR UPDATE", tablet.claims["table_id"])
            waiting = threading.Thread(target=tablet.order, args=((menu_id, 1),))
            waiting.start()
            until_it_holds_up_somebody(holder, looker)
            answer = tablet.get("/customer/menus")
        refused(503, "pool_exhausted", answer)
        assert int(answer.headers["Retry-After"]) >= 1
        waiting.join()
        assert len(expect(200, tablet.get("/customer/orders"))["orders"]) == 1
    finally:
        application.stop()
