"""`bin/chaos load`: twice as many requests as can be served, behind nginx as it is shipped.

A hundred restaurants in the middle of a rush. First some tablets ask as fast as they are answered, which is the
capacity. Then 500 of them ask for twice that by the clock, whatever the answers, each over a connection of its own:
70 % menus, 15 % a session's orders, 10 % new orders, 5 % the counter. What is too much must be refused at once, with
503 and Retry-After; the rest is served in bounded time, nothing grows, and soon after it is as before. Who asks shares
the processor with who answers.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import secrets
import shutil
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import psutil

from tests.api.server import StreamServer
from tests.bench.load import encode
from tests.bench.services import Application
from tests.bench.town import Town, fetch_all, found_town
from tests.bench.workloads import WORKLOADS, Request
from tests.chaos.faults import describe_difference
from tests.chaos.progress import report
from tests.deploy.front import NGINX, Front, opened_front

STORES = 100
TABLETS = 500
FEW = 64  # that ask without pause, to find out the capacity
AT_ONCE = 1e9  # requests a second: as fast as they are answered
WARM_UP = 10  # seconds, for a worker is slower until it knows the tokens
CAPACITY_SECONDS = 5
EXCESS = 2  # times the capacity
LET_IN = 256  # requests at once, by deploy/nginx.conf
ATTEMPTS = 3  # to ask for more than it can serve
RECOVERY = 5.0  # seconds
CALM = 20  # answers in a row as quick as before the load
TIMEOUT = 30  # seconds that an answer may take
GREETING = Request("GET", "/health/live", {})  # at once, for nginx waits only 10 s for a connection's first request
PLACED = "SELECT order_id, total_amount::bigint FROM orders WHERE order_id > {}"

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """Seconds, from the start of the load: when the request was due, when it was sent, and when it was answered."""

    due: float
    sent: float
    done: float
    status: int
    retry_after: bool

    @property
    def seconds(self) -> float:
        """How long it took, from when it was due."""
        return self.done - self.due

    @property
    def since_sent(self) -> float:
        """How much of that was not the tablet's."""
        return self.done - self.sent


@dataclass
class Crowd:
    """Tablets that ask nginx, and what they were told."""

    front: Front
    requests: list[Request]
    acknowledged: dict[int, int] = field(default_factory=dict)  # the order's id: its total
    broken: list[str] = field(default_factory=list)  # what no tablet should see

    def ask(self, tablets: int, seconds: float, rate: float) -> list[Answer]:
        """Ask so often each second for so long, whether there was an answer to what went before or not.

        A request that is due while all the tablets wait for answers is sent late, which counts.
        """
        return asyncio.run(self._ask(tablets, seconds, rate))

    async def _ask(self, tablets: int, seconds: float, rate: float) -> list[Answer]:
        context = ssl.create_default_context(cafile=str(self.front.certificate))
        connections = [Connection(self.front.https, context, n) for n in range(tablets)]
        for connection in connections:
            await connection.open()
            await connection.call(GREETING)
        answers: list[Answer] = []
        began = time.monotonic()
        numbers = itertools.count()
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(self._sit(connection, numbers, answers, began, seconds, rate))
        for connection in connections:
            connection.close()
        return sorted(answers, key=lambda answer: answer.due)

    async def _sit(
        self,
        connection: Connection,
        numbers: Iterator[int],
        answers: list[Answer],
        began: float,
        seconds: float,
        rate: float,
    ) -> None:
        while time.monotonic() - began < seconds:
            number = next(numbers)
            due = min(number / rate, seconds)
            await asyncio.sleep(began + due - time.monotonic())
            if due >= seconds:
                return
            sent = time.monotonic() - began
            try:
                async with asyncio.timeout(TIMEOUT):
                    status, head, body = await connection.call(self._request(number))
            except (OSError, EOFError, TimeoutError) as error:
                self.broken.append(repr(error))
                return
            answers.append(Answer(due, sent, time.monotonic() - began, status, b"\r\nretry-after: " in head))
            self._note(status, body)

    def _request(self, number: int) -> Request:
        request = self.requests[number % len(self.requests)]
        if request.method != "POST":
            return request
        return replace(request, headers=request.headers | {"Idempotency-Key": secrets.token_hex(16)})

    def _note(self, status: int, body: bytes) -> None:
        if status == 201:
            order = json.loads(body)
            self.acknowledged[order["order_id"]] = order["total_amount"]
        elif status not in (200, 503):
            self.broken.append(f"{status} {body[:200]!r}")


class Connection:
    """One tablet's, kept as long as nginx keeps it; its address is one of 250, for nginx allows each only so many."""

    def __init__(self, port: int, context: ssl.SSLContext, number: int) -> None:
        self._port, self._context, self._address = port, context, f"127.0.1.{number % 250}"

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1",
            self._port,
            ssl=self._context,
            server_hostname="localhost",
            local_addr=(self._address, 0),
        )

    async def call(self, request: Request) -> tuple[int, bytes, bytes]:
        """The status, the head in lower case and the body of the answer."""
        self._writer.write(encode(request))
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"content-length: (\d+)", head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        if b"\r\nconnection: close\r\n" in head:
            self.close()
            await self.open()
        return int(head[9:12]), head, body

    def close(self) -> None:
        self._writer.close()


@contextmanager
def watched_memory(application: Application) -> Iterator[list[float]]:
    """Resident MB of the API's processes together, each second."""
    samples: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1):
            with suppress(psutil.NoSuchProcess):
                samples.append(sum(process.memory_info().rss for process in application.processes()) / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def time_recovery(crowd: Crowd, calm: float) -> float:
    """Seconds until the last of the first `CALM` answers in a row that are successes and as quick as before.

    As quick as before: within ten times `calm`, or a quarter of a second.
    """
    began, quick = time.monotonic(), 0
    while quick < CALM and time.monotonic() - began < 4 * RECOVERY:
        for answer in crowd.ask(1, 0.2, 25):
            quick = quick + 1 if answer.status != 503 and answer.seconds < max(10 * calm, 0.25) else 0
    return time.monotonic() - began


def thirds(values: list[T]) -> tuple[list[T], list[T]]:
    """The first third and the last."""
    size = len(values) // 3
    return values[:size], values[-size:]


def since_sent_of_those_let_in(answers: list[Answer]) -> list[float]:
    """Seconds in nginx and behind it, which a tablet's own delay does not lengthen."""
    return [answer.since_sent for answer in answers if answer.status != 503]


def p50(values: list[float]) -> float:
    return statistics.median(values)


def p99(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def add_parser(attacks: argparse._SubParsersAction) -> None:
    parser = attacks.add_parser("load", help="twice as much as can be served", description=__doc__)
    parser.add_argument("--seconds", type=int, help="how long (default: 20, with --long 180)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Ask for too much. Raises AssertionError if the service did not withstand, or if nginx is not there."""
    assert NGINX and shutil.which("openssl"), "it needs nginx and openssl; on Debian: apt install nginx-light openssl"
    seconds = options.seconds or (180 if options.long else 20)
    with ExitStack() as stack:
        town = stack.enter_context(found_town(STORES, 0))
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tableorder-chaos-")))
        application = Application(town, logs, TRUSTED_PROXIES="1", LOG_LEVEL="warning")
        stack.callback(application.stop)
        stream = StreamServer(town.url, logs / "stream.log")
        stack.callback(stream.stop)
        servers = application.wait_until_ready(), stream.wait_until_ready()
        front = stack.enter_context(opened_front(*servers, connections=4 * TABLETS))
        crowd = Crowd(front, WORKLOADS["mix"].requests(town))
        outcome = overload(crowd, application, seconds)
        figures = outcome.figures() | {"orders acknowledged": len(crowd.acknowledged)}
        for name, value in figures.items():
            report(f"{name}: {value}")
        check_orders(town, crowd)
        outcome.judge()
        return figures


def overload(crowd: Crowd, application: Application, seconds: float) -> Outcome:
    """Find out what it can serve, and ask for more. Raises AssertionError if that is served, too."""
    crowd.ask(FEW, WARM_UP, AT_ONCE)
    capacity = len(crowd.ask(FEW, CAPACITY_SECONDS, AT_ONCE)) / CAPACITY_SECONDS
    calm = statistics.median(answer.seconds for answer in crowd.ask(1, 2, 25))
    for _ in range(ATTEMPTS):
        report(f"capacity: {capacity:.0f} requests a second; calm, one takes {1000 * calm:.1f} ms")
        with watched_memory(application) as memory:
            answers = crowd.ask(TABLETS, seconds, EXCESS * capacity)
        outcome = Outcome(capacity, answers, memory, time_recovery(crowd, calm))
        if outcome.refused:
            return outcome
        capacity = len(answers) / seconds  # it can do that, too: something else was at work before
    raise AssertionError("it was not too much")


@dataclass(frozen=True)
class Outcome:
    """Requests a second, answers, resident MB each second, seconds until it was as before."""

    capacity: float
    answers: list[Answer]
    memory: list[float]
    recovery: float

    @property
    def served(self) -> list[float]:
        """Seconds of those that were let in."""
        return [answer.seconds for answer in self.answers if answer.status != 503]

    @property
    def refused(self) -> list[Answer]:
        """Those that were told to come back."""
        return [answer for answer in self.answers if answer.status == 503]

    def figures(self) -> dict[str, object]:
        """What is printed."""
        served, told = self.served, [answer.since_sent for answer in self.refused]
        seconds = self.answers[-1].due
        late = [answer.sent - answer.due for answer in self.answers]
        return {
            "capacity": f"{self.capacity:.0f} requests a second",
            "asked for": f"{len(self.answers) / seconds:.0f} a second for {seconds:.0f} s",
            "served": f"{len(served) / seconds:.0f} a second",
            "refused with 503": f"{len(told):,} of {len(self.answers):,}",
            "served in (p50, p99)": f"{p50(served):.2f} s, {p99(served):.2f} s",
            "  the first third, the last (p99)": " s, ".join(f"{p99(third):.2f}" for third in thirds(served)) + " s",
            "refused in (p50, p99)": f"{p50(told):.3f} s, {p99(told):.3f} s",
            "tablets that were late (p99)": f"{p99(late):.3f} s",
            "memory in the first third, the last": " MB, ".join(f"{max(t):.0f}" for t in thirds(self.memory)) + " MB",
            "as before after": f"{self.recovery:.1f} s",
        }

    def judge(self) -> None:
        """Raises AssertionError if something grew without end, or a refusal did not come at once."""
        assert all(answer.retry_after for answer in self.refused), "503 without Retry-After"
        told, let_in = [answer.since_sent for answer in self.refused], since_sent_of_those_let_in(self.answers)
        assert p50(told) <= max(p99(let_in) / 2, 0.5), f"half of the refusals took {p50(told):.1f} s or more"
        assert p99(told) <= max(p99(let_in), 1), f"some refusals took {p99(told):.1f} s"
        for third in thirds(self.answers):
            let_in = since_sent_of_those_let_in(third)
            assert let_in, "for a third of the time nothing was served"
            line = LET_IN / len(let_in) * (third[-1].due - third[0].due)
            longest = p99(let_in)
            assert longest <= 6 * line + 2, f"with {line:.1f} s of work before it, what was let in took {longest:.1f} s"
        first, last = (max(third) for third in thirds(self.memory))
        assert last <= 1.2 * first + 10, f"memory went from {first:.0f} to {last:.0f} MB"
        assert self.recovery <= RECOVERY, f"it took {self.recovery:.1f} s until it was as before"


def check_orders(town: Town, crowd: Crowd) -> None:
    """Raises AssertionError if an order is lost, doubled or mispriced, or a tablet saw what it should not."""
    assert not crowd.broken, crowd.broken[:5]
    placed = dict(fetch_all(town.url, PLACED.format(town.orders)))
    assert placed == crowd.acknowledged, describe_difference(placed, crowd.acknowledged)
