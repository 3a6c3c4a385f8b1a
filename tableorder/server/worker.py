"""A gthread worker whose threads share one epoll; there is no dispatcher thread.

gunicorn's own worker has a dispatcher. It waits for all connections, passes each request to a pool of threads, and gets
the connection back through a pipe. That costs as much as answering a short request. Here a free thread waits for the
next request itself. gunicorn's code still reads, parses, calls the application and closes.

The master imports this module once, so changes of a new version need a restart; a reload is not enough.
"""

from __future__ import annotations

import functools
import os
import random
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from gunicorn import glogging, util
from gunicorn.http import wsgi
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

ONCE = select.EPOLLIN | select.EPOLLONESHOT  # one event for one thread; the next after another call
TICK = 1.0  # seconds between two signs of life for the master
PAUSE, LONGEST_PAUSE = 1e-4, 1e-3  # seconds before a new connection is taken, for each that is open, and at most
LINGER = 5.0  # seconds for which a connection outlives its last answer, and bytes that are discarded in that time
LINGER_BYTES = 64 << 20


class Logger(glogging.Logger):
    """gunicorn's logger, which without this gathers all of a request's headers even if nobody wants its access log."""

    def access(self, *request: Any) -> None:
        """Log a request if the setting `accesslog` says where to; the application has a line of its own for it."""
        if self.cfg.accesslog:
            super().access(*request)


class Response(wsgi.Response):
    """gunicorn's answer, sent at once with its head if it is in one piece; as two, each would wake up the client."""

    headers_sent: bool

    def write(self, body: bytes) -> None:
        """Send a part of the body, and the head before the first one."""
        if self.headers_sent or self._omits_body or len(body) != self.response_length:
            super().write(body)
            return
        head = "".join([*self.default_headers(), *[f"{name}: {value}\r\n" for name, value in self.headers], "\r\n"])
        util.write(self.sock, head.encode("latin-1") + body)
        self.headers_sent = True
        self.sent = len(body)


def http_date(timestamp: float | None = None) -> str:
    """A Date header, which is made once a second."""
    return _http_date(int(time.time() if timestamp is None else timestamp))


_http_date = functools.lru_cache(maxsize=1)(util.http_date)


class Connection(TConn):
    """gunicorn's connection. After its last answer it waits for the client to close."""

    is_over = False
    to_discard = LINGER_BYTES  # at most, then


class Worker(ThreadWorker):
    """Serves HTTP/1.1 on `threads` threads, which all wait in one epoll.

    A connection belongs to the thread that was woken for it until it is answered, then to nobody; only then may it
    be closed for being idle.
    """

    processor: int | None = None

    def choose_processor(self, others: Iterable[Worker]) -> None:
        """Keep to a processor that the fewest `others` keep to; one at random, for other instances choose, too."""
        taken = Counter(other.processor for other in others)
        allowed = os.sched_getaffinity(0)
        fewest = min(taken[processor] for processor in allowed)
        self.processor = random.choice([processor for processor in allowed if taken[processor] == fewest])  # noqa: S311

    def init_process(self) -> None:
        """Prepare what the threads share; gunicorn loads the application after that and calls `run`."""
        if self.processor is not None:
            from tableorder.server.affinity import stay_on  # not at the top, where it would be the master's for good

            stay_on(self.processor)
        self._epoll = select.epoll()
        self._listeners = {listener.fileno(): listener for listener in self.sockets}
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._accepting = False
        self.keepalived_conns: dict[int, Connection] = {}  # those that belong to nobody, by descriptor
        wsgi.Response, util.http_date = Response, http_date
        # Keep the settings as plain attributes; gunicorn would look them up and convert them for each request.
        self.cfg.__dict__ |= {name: setting.get() for name, setting in self.cfg.settings.items()}
        super().init_process()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Begin to stop: the signal wakes `run` up."""
        self.alive = False

    def run(self) -> None:
        """Let the threads serve, and see to the rest, until the worker is to stop."""
        for listener in self.sockets:
            listener.setblocking(False)
        self.set_accept_enabled(True)
        for number in range(self.cfg.threads):
            threading.Thread(target=self._serve, name=f"server-{number}", daemon=True).start()
        while self.alive and self.is_parent_alive():
            self._tick(TICK)
        self._end()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections, or no more of them."""
        with self._lock:
            enabled = enabled and self.alive  # a listener may be closed by now
            if enabled != self._accepting:
                for descriptor in self._listeners:
                    if enabled:
                        self._epoll.register(descriptor, ONCE)
                    else:
                        self._epoll.unregister(descriptor)
            self._accepting = enabled

    def _end(self) -> None:
        """Wait for the requests under way, and a moment for those that clients are about to send."""
        self.alive = False
        self.set_accept_enabled(False)
        for listener in self.sockets:
            listener.close()
        ends = time.monotonic() + self.cfg.graceful_timeout
        with self._lock:
            for connection in self.keepalived_conns.values():
                connection.timeout = min(connection.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        while self._open and time.monotonic() < ends:
            self._tick(0.05)

    def _tick(self, seconds: float) -> None:
        """Give a sign of life, wait for so long or for a signal, and close what has been idle for too long."""
        self.notify()
        if select.select([self.PIPE[0]], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self.PIPE[0], 4096)
        now = time.monotonic()
        with self._lock:
            idle = [fd for fd, connection in self.keepalived_conns.items() if connection.timeout <= now]
            expired = [self.keepalived_conns.pop(descriptor) for descriptor in idle]
        for connection in expired:
            self._close(connection)

    def _serve(self) -> None:
        while True:
            try:
                self._serve_next()
            except Exception:
                self.log.exception("serving a connection failed")

    def _serve_next(self) -> None:
        [(descriptor, _)] = self._epoll.poll(maxevents=1)
        if listener := self._listeners.get(descriptor):
            self._accept(listener)
            return
        with self._lock:
            connection = self.keepalived_conns.pop(descriptor, None)
        if connection and connection.is_over:
            self._discard(connection)
        elif connection:
            self._answer(connection)

    def _accept(self, listener: Any) -> None:
        """Take one new connection. Workers with fewer go first, or one could have all that nginx keeps open."""
        time.sleep(min(len(self._open) * PAUSE, LONGEST_PAUSE))
        if connection := self._take(listener):
            self._release(connection, self._epoll.register, self.cfg.keepalive)
        if len(self._open) >= self.worker_connections:
            self.set_accept_enabled(False)
        with self._lock:
            if self._accepting:
                self._epoll.modify(listener.fileno(), ONCE)

    def _take(self, listener: Any) -> Connection | None:
        """The next connection of a listener, which is closed only once no more are taken."""
        with self._lock:
            if not self._accepting:
                return None
            try:
                client, address = listener.accept()
            except OSError:  # another worker was faster, or the client has gone
                return None
            connection = Connection(self.cfg, client, address, listener.getsockname())
            connection.data_ready = True  # by the time that gunicorn reads
            self._open.add(connection)
            return connection

    def _answer(self, connection: Connection) -> None:
        """Answer one request, or several if the client has sent them at once."""
        while self.handle(connection):
            if not connection.parser.unreader.buf.getvalue():
                self._release(connection, self._epoll.modify, self.cfg.keepalive)
                return
        self._say_goodbye(connection)

    def _say_goodbye(self, connection: Connection) -> None:
        """Let the client know that this was the last answer, and let it close first.

        Discard everything that it sends until then. Closing a connection with unread bytes resets it, and the client
        could lose the answer (RFC 9112, 9.6).
        """
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone
            self._close(connection)
            return
        connection.is_over = True
        self._release(connection, self._epoll.modify, LINGER)

    def _discard(self, connection: Connection) -> None:
        """Throw away some of what comes after the last answer; close at its end, or if it is too much."""
        try:
            received = len(connection.sock.recv(65_536))
        except OSError:
            received = 0
        connection.to_discard -= received
        if received and connection.to_discard > 0:
            self._release(connection, self._epoll.modify, connection.timeout - time.monotonic())
        else:
            self._close(connection)

    def _release(self, connection: Connection, watch: Any, patience: float) -> None:
        """Let any thread be woken by what the client sends next, which has to come within so many seconds."""
        descriptor = connection.sock.fileno()
        with self._lock:  # `_end` either finds it idle, or this finds the worker stopping
            if not self.alive:
                patience = min(patience, STOP_KEEPALIVE_LINGER)
            connection.timeout = time.monotonic() + patience
            self.keepalived_conns[descriptor] = connection
            watch(descriptor, ONCE)

    def _close(self, connection: Connection) -> None:
        connection.close()
        with self._lock:
            self._open.discard(connection)
        if self.alive and not self._accepting:
            self.set_accept_enabled(True)
