"""`bin/bench stream`: thousands of open live feeds on one process; what each costs, and how late the last one hears."""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import re
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg2

from tableorder.database.connection import Database
from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import apply_pending
from tableorder.database.pool import PoolSettings
from tableorder.domain.identities import AdminIdentity
from tableorder.http.tokens import issue_token
from tableorder.transactions.notifier import Notifier
from tests.api.server import JWT_SECRET_KEY, StreamServer
from tests.api.streams import ADMIN_STREAM
from tests.database.embedded import new_database, url_of

OPENING = 100  # streams that are being opened at the same time
PATIENCE = 30  # seconds after the last change, in which the last ones may still arrive
ORDER = re.compile(rb'event: order_updated\ndata: {"order_id" : (\d+)')

FILL = """
SET session_replication_role = replica;
INSERT INTO stores (store_id, store_name, admin_username, admin_password_hash)
SELECT s, '식당', 'admin-' || s, 'x' FROM generate_series(1, %(stores)s) AS s;
INSERT INTO tables (table_id, store_id, table_number, table_password_hash)
SELECT s, s, 1, 'x' FROM generate_series(1, %(stores)s) AS s;
INSERT INTO table_sessions (table_id, store_id) SELECT table_id, store_id FROM tables;
UPDATE tables SET current_session_id = session_id FROM table_sessions WHERE tables.table_id = table_sessions.table_id;
INSERT INTO orders (order_id, session_id, table_id, store_id, total_amount)
SELECT n, session_id, table_id, store_id, 3000
  FROM generate_series(1, %(events)s) AS n
  JOIN table_sessions ON store_id = 1 + n %% %(stores)s;
"""


def add_parser(measurements: argparse._SubParsersAction) -> None:
    parser = measurements.add_parser("stream", help="open live feeds", description=__doc__)
    parser.add_argument("--streams", type=int, default=5000, help="open feeds, in all (default: 5000)")
    parser.add_argument("--stores", type=int, default=100, help="stores that they are spread over (default: 100)")
    parser.add_argument("--rate", type=int, default=50, help="events a second, in all (default: 50)")
    parser.add_argument("--seconds", type=int, default=20, help="for so long (default: 20)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="tableorder-bench-") as folder:
        postgres = EmbeddedServer(Path(folder) / "postgres")
        postgres.start()
        try:
            with new_database(postgres.uri(), "template0") as name:
                figures = measure(url_of(postgres.uri(), name), Path(folder) / "log", options)
        finally:
            postgres.release()
    print(json.dumps(figures) if options.json else "\n".join(f"{key:40}{value}" for key, value in figures.items()))
    return 0 if figures["events missed"] == 0 else 1


def measure(database_url: str, log: Path, options: argparse.Namespace) -> dict[str, object]:
    """The figures of one run."""
    apply_pending(database_url)
    events = options.rate * options.seconds
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(FILL, {"stores": options.stores, "events": events})
    connection.close()
    limits = {"LIMIT_STORE_ADMIN_STREAMS": "0", "STREAMS_TOTAL": str(options.streams)}
    server = StreamServer(database_url, log, **limits).wait_until_ready()
    ours, theirs = multiprocessing.Pipe()
    readers = multiprocessing.Process(target=read, args=(server.base, options.streams, options.stores, theirs))
    try:
        [worker] = psutil.Process(server.process.pid).children()
        before = worker.memory_full_info().uss
        started = time.monotonic()
        readers.start()
        ours.recv()
        opened = time.monotonic() - started
        after = worker.memory_full_info().uss
        cpu = sum(worker.cpu_times()[:2])
        committed = publish(database_url, events, options.rate, options.stores)
        busy = (sum(worker.cpu_times()[:2]) - cpu) / options.seconds
        ours.send(events * (options.streams // options.stores))
        arrived = ours.recv()
    finally:
        readers.terminate()
        readers.join()
        server.stop()
    per_store = options.streams // options.stores
    complete = [order for order in committed if len(arrived.get(order, ())) == per_store]
    delays = sorted(max(arrived[order]) - committed[order] for order in complete)
    return {
        "open streams": options.streams,
        "streams per store": per_store,
        "opened per second": round(options.streams / opened),
        "memory of the process, MB": f"{before / 1e6:.0f} -> {after / 1e6:.0f}",
        "memory per stream, kB": round((after - before) / options.streams / 1e3, 1),
        "events sent to all streams of a store": len(delays),
        "events missed": events - len(delays),
        "commit to the last arrival, median, ms": round(statistics.median(delays) * 1000, 1),
        "commit to the last arrival, p99, ms": round(delays[int(len(delays) * 0.99)] * 1000, 1),
        "processor time of the process, %": round(busy * 100),
    }


def publish(database_url: str, events: int, rate: int, stores: int) -> dict[int, float]:
    """Change one order after the other at a steady rate, and announce each as the API does.

    Returns when each change was sent off to be committed.
    """
    notifier = Notifier(Database(PoolSettings(database_url)))
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    committed = {}
    began = time.monotonic()
    with connection.cursor() as cursor:
        for order_id in range(1, events + 1):
            time.sleep(max(0.0, began + order_id / rate - time.monotonic()))
            committed[order_id] = time.monotonic()
            cursor.execute("UPDATE orders SET status = '준비중' WHERE order_id = %s", (order_id,))
            notifier.notify(1 + order_id % stores)
    connection.close()
    return committed


def read(base: str, streams: int, stores: int, pipe: Connection) -> None:
    """In a process of its own: open the streams, and note when each order arrives at each of them."""
    asyncio.run(_read(base, streams, stores, pipe))


async def _read(base: str, streams: int, stores: int, pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    address = urlsplit(base)
    tokens = [issue_token(AdminIdentity(store + 1, "admin"), JWT_SECRET_KEY) for store in range(stores)]
    arrived: dict[int, list[float]] = defaultdict(list)
    places = asyncio.Semaphore(OPENING)

    async def open_one(number: int) -> None:
        async with places:
            stream = _Stream(tokens[number % stores], arrived, loop.create_future())
            await loop.create_connection(lambda: stream, address.hostname, address.port)
            await stream.begun

    await asyncio.gather(*(open_one(number) for number in range(streams)))
    pipe.send("open")
    expected = await loop.run_in_executor(None, pipe.recv)
    ends = loop.time() + PATIENCE
    while sum(map(len, arrived.values())) < expected and loop.time() < ends:
        await asyncio.sleep(0.1)
    pipe.send(dict(arrived))


class _Stream(asyncio.Protocol):
    def __init__(self, token: str, arrived: dict[int, list[float]], begun: asyncio.Future[None]) -> None:
        self._token = token
        self._arrived = arrived
        self.begun = begun

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        request = f"GET {ADMIN_STREAM} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        transport.write(request.encode())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        for order_id in ORDER.findall(data):
            self._arrived[int(order_id)].append(now)
        if not self.begun.done() and b"event: initial" in data:
            self.begun.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.begun.done():
            self.begun.set_exception(ConnectionError("the stream ended before it began"))
