"""gunicorn with the worker of ours: connections that are kept, shared out, too many, idle, and there at the end."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.api.server import Server
from tests.waiting import assert_within, until

REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

REFUSED = b"POST /api/v1/auth/admin/login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

RELOADS = 5

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server with further arguments for gunicorn; /health needs no database."""
    with ExitStack() as stack:

        def started(*arguments: str, workers: int = 1, **environment: str) -> Server:
            settings = {"WEB_CONCURRENCY": str(workers), "GUNICORN_CMD_ARGS": " ".join(arguments), **environment}
            server = Server("postgresql://nobody@127.0.0.1:1/none", tmp_path / "log", **settings)
            stack.callback(server.stop)
            server.READY = "/health", 200
            return server.wait_until_ready()

        yield started


def connect(server: Server) -> socket.socket:
    address = urlsplit(server.base)
    return socket.create_connection((address.hostname, address.port), timeout=30)


def ask(connection: socket.socket, request: bytes = REQUEST) -> HTTPResponse:
    """Send a request and read its answer."""
    connection.sendall(request)
    return read(connection)


def read(connection: socket.socket) -> HTTPResponse:
    with closing(HTTPResponse(connection)) as answer:
        answer.begin()
        assert (answer.status, answer.read()) == (200, b'{"status": "healthy"}')
        return answer


def test_a_connection_serves_one_request_after_the_other(start):
    with closing(connect(start())) as connection:
        for _ in range(100):
            assert ask(connection).headers["Connection"] == "keep-alive"


def test_requests_that_come_together_are_answered_in_turn(start):
    with closing(connect(start())) as connection:
        connection.sendall(REQUEST * 3 + REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers = b""
        while received := connection.recv(65_536):
            answers += received
    assert answers.count(b"HTTP/1.1 200 OK") == 4


def test_an_answer_comes_in_one_piece_with_the_present_date(start):
    with closing(connect(start())) as connection:
        for _ in range(50):
            connection.sendall(REQUEST)
            head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
            assert body == b'{"status": "healthy"}'
            [date] = [line for line in head.decode().split("\r\n") if line.startswith("Date: ")]
            assert abs(parsedate_to_datetime(date[6:]).timestamp() - time.time()) < 5


def test_an_answer_without_a_body_comes_whole(start):
    with closing(connect(start())) as connection:
        for _ in range(2):
            connection.sendall(REQUEST.replace(b"GET", b"HEAD"))
            answer = connection.recv(65_536)
            assert b"\r\nContent-Length: 21\r\n" in answer and answer.endswith(b"\r\n\r\n")
        ask(connection)


def test_connections_are_shared_out_among_the_workers(start):
    """Not all to the one that is fastest: it would serve alone, for a proxy keeps its connections."""
    server = start(workers=2)
    workers = psutil.Process(server.process.pid).children()
    port = urlsplit(server.base).port

    def open_in(worker: psutil.Process) -> int:
        return sum(each.laddr.port == port and each.status == "ESTABLISHED" for each in worker.net_connections("tcp"))

    with ExitStack() as stack:

        def all_have_some() -> bool:
            for _ in range(16):
                ask(stack.enter_context(closing(connect(server))))
            return min(map(open_in, workers)) >= 4

        until(all_have_some)


def test_beyond_its_number_of_connections_a_worker_takes_none_until_one_ends(start):
    server = start("--worker-connections=5")
    with ExitStack() as stack:
        kept = [stack.enter_context(closing(connect(server))) for _ in range(5)]
        one_more = stack.enter_context(closing(connect(server)))  # the kernel takes it, the worker does not
        one_more.sendall(REQUEST)
        [worker] = psutil.Process(server.process.pid).children()
        for connection in kept[1:4]:  # it wakes for each, looks at all that has come, and waits again
            looked = worker.num_ctx_switches().voluntary
            connection.sendall(REQUEST[:1])
            until(lambda looked=looked: worker.num_ctx_switches().voluntary > looked)
        one_more.setblocking(False)
        with pytest.raises(BlockingIOError):
            one_more.recv(1)
        kept[0].close()
        one_more.settimeout(30)
        read(one_more)


def test_an_idle_connection_is_closed_in_time(start):
    with closing(connect(start("--keep-alive=1"))) as connection:
        ask(connection)
        assert connection.recv(1) == b""


def test_at_a_stop_what_has_begun_is_answered_and_open_connections_get_one_more_answer(start):
    server = start()
    with closing(connect(server)) as idle, closing(connect(server)) as begun:
        ask(idle)
        ask(begun)
        begun.sendall(REQUEST[:20])
        server.process.terminate()
        until(lambda: refuses(server))
        assert ask(idle).headers["Connection"] == "close"
        assert ask(begun, REQUEST[20:]).headers["Connection"] == "close"
    assert server.process.wait(30) == 0


def refuses(server: Server) -> bool:
    """Whether it takes no new connections: the master has closed its socket, and each worker its own."""
    try:
        connect(server).close()
    except ConnectionRefusedError:
        return True
    return False


ONE_PROCESSOR = len(os.sched_getaffinity(0)) < 2


def processors(worker: psutil.Process) -> set[int]:
    """Those that its threads may run on."""
    return set().union(*(os.sched_getaffinity(thread.id) for thread in worker.threads()))


@pytest.mark.skipif(ONE_PROCESSOR, reason="there is only one processor")
def test_each_worker_stays_on_a_processor_of_its_own_as_does_the_successor_of_a_killed_one(start):
    master = psutil.Process(start(workers=2).process.pid)
    for number in range(2):
        victim = master.children()[number]
        os.kill(victim.pid, signal.SIGKILL)
        until(lambda victim=victim: len(master.children()) == 2 and victim not in master.children())
        until(lambda: [len(processors(worker)) for worker in master.children()] == [1, 1])
        assert len(set().union(*map(processors, master.children()))) == 2


@pytest.mark.skipif(ONE_PROCESSOR, reason="there is only one processor")
def test_workers_run_anywhere_if_they_are_told_so(start):
    server = start(WEB_AFFINITY="off")
    [worker] = psutil.Process(server.process.pid).children()
    assert processors(worker) == os.sched_getaffinity(0)


def test_gunicorns_own_worker_serves_as_well(start):
    with closing(connect(start("--worker-class=gthread"))) as connection:
        ask(connection)


def test_rubbish_holds_no_thread(start):
    server = start()
    for rubbish in (
        b"\0" * 100 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"",
        REQUEST[:20],
        b"POST / HTTP/1.1\r\n" * 10,
    ):
        for _ in range(10):
            with closing(connect(server)) as connection:
                connection.sendall(rubbish)
    with closing(connect(server)) as connection:
        ask(connection)


def test_a_reload_under_load_fails_nobody_and_logs_nothing(start):
    """A worker that is to end may have been woken for a connection that it may not take any more."""
    server = start(workers=2)
    master, over = psutil.Process(server.process.pid), threading.Event()
    failures: list[Exception] = []

    def load() -> None:
        while not over.is_set():
            try:
                with closing(connect(server)) as connection:
                    ask(connection)
            except (OSError, HTTPException) as failure:
                failures.append(failure)

    clients = [threading.Thread(target=load) for _ in range(8)]
    for client in clients:
        client.start()
    for _ in range(RELOADS):
        before = set(master.children())
        master.send_signal(signal.SIGHUP)
        until(lambda before=before: len(master.children()) == 2 and not before & set(master.children()))
    over.set()
    for client in clients:
        client.join()
    assert failures == []
    assert "failed" not in server.log() and "Error" not in server.log()


def test_who_sends_before_reading_still_sees_why_it_was_refused(start):
    """Though most of what it sends is not read: for a while it is taken and thrown away."""
    server = start(MAX_BODY_BYTES="16384")
    for _ in range(5):
        for size in (100_000, 1_000_000, 5_000_000, 40_000_000):
            with closing(connect(server)) as connection:
                connection.sendall(REFUSED % size + b"x" * size)
                assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")
                assert connection.recv(1) == b""


def test_who_sends_more_than_anybody_would_is_cut_off(start):
    with closing(connect(start(MAX_BODY_BYTES="16384"))) as connection:
        connection.sendall(REFUSED % (1 << 40))
        with pytest.raises(ConnectionError):
            for _ in range(200 << 4):  # 200 MB
                connection.sendall(b"x" * 65_536)


def test_who_does_not_close_after_the_last_answer_holds_no_thread(start):
    server = start("--threads=2")

    def seconds() -> float:
        began = time.monotonic()
        with ExitStack() as stack:
            for _ in range(10):
                last = stack.enter_context(closing(connect(server)))
                ask(last, REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return time.monotonic() - began

    assert_within(2, seconds)


def test_who_keeps_a_connection_and_says_nothing_does_not_hold_up_a_stop(start):
    server = start("--graceful-timeout=50")
    with closing(connect(server)) as idle, closing(connect(server)) as lingering:
        ask(idle)
        ask(lingering, REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        server.process.terminate()
        assert server.process.wait(20) == 0
