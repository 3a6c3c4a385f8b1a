"""The live feed when commits overlap, readers are cut off, processes are killed and PostgreSQL restarts."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg2
import pytest
import requests

from tableorder.database.migrations import apply_pending
from tests.api.client import Tablet, expect
from tests.api.conftest import Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, Event, Follower, Reader
from tests.conftest import embedded_server, new_database, url_of
from tests.waiting import until

RUNS = 200
WRITERS = 4
CHANGES = 6  # by each writer of a run


def write_overlapping(database_url: str, order_ids: list[int], seed: int) -> None:
    """Change the orders in transactions that stay open for a while, half of them with their events already written."""
    chance = random.Random(seed)
    connection = psycopg2.connect(database_url)
    try:
        for order_id in order_ids:
            with connection, connection.cursor() as cursor:
                if chance.random() < 0.5:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                status = chance.choice(["대기중", "준비중", "완료"])
                cursor.execute("UPDATE orders SET status = '대기중' WHERE order_id = %s", (order_id,))
                cursor.execute("SELECT pg_sleep(%s)", (chance.random() * 0.01,))
                cursor.execute("UPDATE orders SET status = %s WHERE order_id = %s", (status, order_id))
                cursor.execute("SELECT pg_sleep(%s)", (chance.random() * 0.01,))
                if chance.random() < 0.1:
                    connection.rollback()
    finally:
        connection.close()


def log_of(database_url: str, store_id: int, after: int) -> list[tuple]:
    statement = "SELECT event_id, event_data FROM events WHERE store_id = %s AND event_id > %s ORDER BY event_id"
    return run_sql(database_url, statement, store_id, after)


class Shop:
    """A store with orders to change, and a reader of its feed that is cut off now and then."""

    def __init__(self, server: Server, stream_server: StreamServer) -> None:
        self.server, self.stream_server = server, stream_server
        self.restaurant = add_restaurant(server)
        self.restaurant.add_table(1)
        tablet, menu_id = self.restaurant.seat(1), self.restaurant.add_menu()
        self.orders = [expect(201, tablet.order((menu_id, 1)))["order_id"] for _ in range(WRITERS * CHANGES)]

    def read(self, last_event_id: int | None = None) -> Reader:
        token = self.restaurant.admin.token
        return Reader(self.stream_server.base, ADMIN_STREAM, token=token, last_event_id=last_event_id)

    def run(self, seed: int) -> int:
        """Compare what a reader was given with what is in the log; how often it was cut off."""
        chance = random.Random(seed)
        reader, cuts = self.read(), 0
        start = reader.wait_for(1)[0].id
        received: list[Event] = []
        with ThreadPoolExecutor(WRITERS) as pool:
            url = self.server.database_url
            writers = [
                pool.submit(write_overlapping, url, self.orders[n::WRITERS], seed * WRITERS + n) for n in range(WRITERS)
            ]
            while not all(writer.done() for writer in writers):
                wait_for_some(reader, chance.randrange(1, 9), writers)
                reader.close()
                cuts += 1
                received += [event for event in reader.events if event.type != "initial"]
                reader = self.read(received[-1].id if received else start)
            [writer.result() for writer in writers]
        written = log_of(self.server.database_url, self.restaurant.store_id, start)
        received += reader.wait_for(len(written) - len(received))
        reader.close()
        assert [(event.id, event.data) for event in received] == written
        return cuts


def wait_for_some(reader: Reader, count: int, writers: list[Future[None]]) -> None:
    until(lambda: len(reader.events) >= count or all(writer.done() for writer in writers))


def test_a_reader_that_is_cut_off_at_random_gets_each_event_once_in_order(server, stream_server):
    """200 runs of writers that overlap and commit in another order than they began."""
    shops = [Shop(server, stream_server) for _ in range(4)]
    with ThreadPoolExecutor(len(shops)) as pool:
        cuts = [
            pool.submit(lambda shop, seeds: [shop.run(seed) for seed in seeds], shop, range(n, RUNS, len(shops)))
            for n, shop in enumerate(shops)
        ]
        assert sum(sum(future.result()) for future in cuts) >= RUNS


@pytest.fixture
def installation(tmp_path) -> Iterator[tuple]:
    """A PostgreSQL, an API and a stream process of this test's own."""
    with embedded_server() as postgres, new_database(postgres.uri(), "template0") as name:
        url = url_of(postgres.uri(), name)
        apply_pending(url)
        api, stream = Server(url, tmp_path / "api"), StreamServer(url, tmp_path / "stream")
        try:
            yield postgres, api.wait_until_ready(), stream.wait_until_ready()
        finally:
            api.stop(), stream.stop()


def order_without_pause(tablet: Tablet, menu_id: int, stopped: threading.Event) -> list[int]:
    """Order again and again, each with a key and as often as it takes; the ids of the acknowledged orders."""
    acknowledged = []
    while not stopped.is_set():
        key = f"{tablet.claims['table_id']}-{len(acknowledged)}"
        while True:
            try:
                answer = tablet.order((menu_id, 1), key=key)
            except requests.ConnectionError:
                stopped.wait(0.02)
                continue
            if answer.status_code != 503:
                break
            stopped.wait(0.02)
        acknowledged.append(expect(201, answer)["order_id"])
    return acknowledged


def test_nothing_is_missed_when_the_stream_process_is_killed_and_postgresql_restarts(installation):
    postgres, api, stream = installation
    restaurant = add_restaurant(api)
    menu_id = restaurant.add_menu()
    tablets = []
    for number in (1, 2):
        restaurant.add_table(number)
        tablets.append(restaurant.seat(number))
    followers = [Follower(stream.base, restaurant.admin.token) for _ in range(4)]
    until(lambda: all(follower.received for follower in followers))
    start = max(follower.received[0].id for follower in followers)
    stopped = threading.Event()

    def let_some_pass(more: int = 15) -> None:
        enough = len(followers[0].ids) + more
        until(lambda: len(followers[0].ids) >= enough)

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(order_without_pause, tablet, menu_id, stopped) for tablet in tablets]
        try:
            for _ in range(2):
                let_some_pass()
                stream.kill()
                stream.start()
                let_some_pass()
                postgres.stop("immediate")
                postgres.start()
            let_some_pass()
        finally:
            stopped.set()
        acknowledged = [order_id for writer in writers for order_id in writer.result()]
    written = log_of(api.database_url, restaurant.store_id, start)
    for follower in followers:
        follower.stop_after(len(written))
        assert follower.ids == [event_id for event_id, _ in written]
        assert sorted(event.data["order_id"] for event in follower.received[1:] if event.type == "order_created") == (
            sorted(acknowledged)
        )
        assert [event.type for event in follower.received].count("initial") == 1
        assert follower.connects >= 3
