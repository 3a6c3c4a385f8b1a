"""The live feed when commits overlap, readers are cut off, processes are killed and PostgreSQL restarts."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests

from tableorder.database.migrations import apply_pending
from tableorder.domain.identities import AdminIdentity
from tableorder.http.tokens import issue_token
from tests.api.client import Tablet, expect
from tests.api.server import JWT_SECRET_KEY, Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, Event, Follower, Reader
from tests.database.embedded import embedded_server, new_database, url_of
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


@pytest.mark.long
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


STORE = 1


@pytest.fixture
def feed(database_url, tmp_path) -> Iterator[StreamServer]:
    """A stream process on a database of its own, with a store in it. No heartbeat wakes a stream by the way."""
    store = "INSERT INTO stores (store_id, store_name, admin_username, admin_password_hash) VALUES (%s, 'x', 'x', 'x')"
    run_sql(database_url, store, STORE)
    running = StreamServer(database_url, tmp_path / "log", DATABASE_LOCK_TIMEOUT="1", STREAM_HEARTBEAT="600")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()


def record(database_url: str, count: int, data: str) -> None:
    """Write events into the log by hand, unannounced."""
    rows = "SELECT %s, 'menu_changed', %s FROM generate_series(1, %s)"
    statement = f"INSERT INTO events (store_id, event_type, event_data) {rows}"
    run_sql(database_url, statement, STORE, json.dumps(data), count)


def test_no_error_ends_the_look_at_the_log(database_url, feed):
    reader = Reader(feed.base, ADMIN_STREAM, token=issue_token(AdminIdentity(STORE, "x"), JWT_SECRET_KEY))
    reader.wait_for(1)
    run_sql(database_url, "ALTER FUNCTION latest_events(integer[]) RENAME TO hidden")
    until(lambda: "_look_around" in feed.log())  # where the error came from
    run_sql(database_url, "ALTER FUNCTION hidden(integer[]) RENAME TO latest_events")
    record(database_url, 1, "unannounced")
    assert reader.wait_for(2)[1].data == "unannounced"
    reader.close()


def test_who_is_far_behind_goes_on_without_news_after_the_database_was_busy(database_url, feed):
    """More than is read from the log at once, and the second part cannot be read at first."""
    record(database_url, 6, "가" * 250_000)  # in two parts, the first of 6 MB, more than all buffers

    def is_waiting() -> bool:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND wait_event_type = 'Lock'"
        return run_sql(database_url, statement, "%event_id > 4%") != [(0,)]

    with far_behind(feed) as reader, closing(psycopg2.connect(database_url)) as busy:
        read_up_to(reader, 1)
        busy.cursor().execute("LOCK TABLE events")
        read_up_to(reader, 4)
        until(is_waiting)
        until(lambda: not is_waiting())
        busy.rollback()
        read_up_to(reader, 6)


def far_behind(feed: StreamServer) -> socket.socket:
    """Somebody who missed everything, with a connection on which nothing is read by itself."""
    reader = socket.socket()
    reader.settimeout(60)
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", urlsplit(feed.base).port))
    token = issue_token(AdminIdentity(STORE, "x"), JWT_SECRET_KEY)
    head = f"GET {ADMIN_STREAM} HTTP/1.0\r\nAuthorization: Bearer {token}\r\nLast-Event-ID: 0\r\n\r\n"
    reader.sendall(head.encode())
    return reader


def read_up_to(reader: socket.socket, event_id: int) -> None:
    """Read on until the beginning of this event."""
    read = b""
    while b"\nid: %d\n" % event_id not in read:
        part = reader.recv(1 << 16)
        assert part, "the stream has ended"
        read = read[-20:] + part
