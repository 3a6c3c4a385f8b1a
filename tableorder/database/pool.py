"""The connection pool: psycopg2's ThreadedConnectionPool plus fair waiting, health checks and fork safety.

The ThreadedConnectionPool knows which connections are idle and which are in use. With this module, threads wait in
order of arrival, connect outside the lock, and check each connection before and after use.
"""

from __future__ import annotations

import logging
import os
import random
import select
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg2
from psycopg2 import extensions
from psycopg2.pool import ThreadedConnectionPool

from tableorder.database.deadlines import DeadlineExceeded, deadline
from tableorder.database.hosts import Hosts
from tableorder.domain.errors import DatabaseUnavailable, PoolExhausted

logger = logging.getLogger(__name__)

# A client waits this much longer than the server's own statement_timeout, so that a server that is alive answers.
STATEMENT_GRACE = 0.5

# What a look costs: passive half a microsecond, active a round trip. So the active one is only for the long idle.
PING_TIMEOUT = 1.0

# Of the settings that a connection starts with, the two that no server has by itself.
SESSION = "SELECT current_user = %(role)s AND current_setting('plan_cache_mode') = 'force_generic_plan'"


@dataclass(frozen=True)
class PoolSettings:
    """How the pool connects and how far it goes; times in seconds.

    `writable`: to a primary only; if not, to a standby if the DSN names one.
    """

    dsn: str
    size: int = 5
    max_overflow: int = 10
    timeout: float = 30.0
    pre_ping: bool = True
    ping_after: float = 1.0
    recycle: float = 3600.0
    connect_timeout: float = 3.0
    statement_timeout: float = 5.0
    lock_timeout: float = 2.0
    session_state: bool = True
    time_zone: str = "Asia/Seoul"
    role: str = "tableorder"
    writable: bool = True


class PoolStats(NamedTuple):  # made several times a request
    """The pool at one moment, and what happened to it so far."""

    pool_size: int
    max_overflow: int
    checked_in: int
    checked_out: int
    overflow: int
    waiting: int
    connects: int
    closed: int
    waits: int
    timeouts: int


class SessionNotKept(DatabaseUnavailable):
    """The database can be reached, but what the pool sets for its sessions does not hold there."""


class Connection(extensions.connection):
    """A pooled connection, which knows when it expires, since when it is idle and which statements it has prepared."""

    expires = 0.0
    idle_since = 0.0
    prepared: set[str]
    books: _Books
    poller: select.poll


class Pool:
    """Hands out working connections, one to a thread, and takes them back clean.

    Opens none before the first checkout, keeps up to `size` of those given back, and lets at most
    `size + max_overflow` be out. After a fork the child starts with an empty pool of its own.
    `on_change` is called after each change of the figures.
    """

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._hosts = Hosts(settings.dsn)
        self.on_change: Callable[[], None] = _ignore
        self.statement_deadline = settings.statement_timeout + STATEMENT_GRACE
        self._start_empty()
        _pools.add(self)

    @contextmanager
    def checkout(self) -> Iterator[Connection]:
        """A connection as `take` gives it, given back whatever happens."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def take(self) -> Connection:
        """A working connection in autocommit mode, to be given back.

        Raises, within `timeout` plus 250 ms: PoolExhausted if none came free, DatabaseUnavailable if the server
        cannot be reached, does not answer or is a standby.
        """
        ends = time.monotonic() + self._settings.timeout
        if not self._slots.acquire(ends, self.on_change):
            self.on_change()
            raise PoolExhausted
        try:
            return self._take(ends)
        except BaseException:
            self._slots.release()
            raise
        finally:
            self.on_change()

    def give_back(self, connection: Connection) -> None:
        """Take back a connection that `take` gave."""
        if connection.books is self._books:  # else this is the child of a fork, and the connection its parent's
            try:
                self._give_back(connection)
            finally:
                self._slots.release()
                self.on_change()

    def stats(self) -> PoolStats:
        """The figures, all of one moment."""
        size = self._settings.size
        with self._books.lock:
            checked_in, checked_out = self._books.counts()
        return PoolStats(
            pool_size=size,
            max_overflow=self._settings.max_overflow,
            checked_in=checked_in,
            checked_out=checked_out,
            overflow=max(0, checked_in + checked_out - size),
            waiting=self._slots.waiting,
            connects=self._books.connects,
            closed=self._books.closed_count,
            waits=self._slots.waits,
            timeouts=self._slots.timeouts,
        )

    def close(self) -> None:
        """Close the idle connections now and the others when they are given back; later checkouts raise."""
        self._closed = True
        for connection in self._books.drain():
            _close(connection)

    def _start_empty(self) -> None:
        self._closed = False
        self._slots = _Slots(self._settings.size + self._settings.max_overflow)
        self._books = _Books(self._settings.size)

    def _take(self, ends: float) -> Connection:
        while not self._closed:
            connection = self._books.take()
            if connection is None:
                return self._connect(ends)
            if self._is_good(connection, ends):
                return connection
            self._books.discard(connection)
        raise DatabaseUnavailable("the pool is closed")

    def _connect(self, ends: float) -> Connection:
        """A new connection, made while no lock is held."""
        seconds = max(0.05, min(self._settings.connect_timeout, ends - time.monotonic()))
        try:
            with deadline(seconds):
                connection: Connection = self._hosts.connect(
                    seconds, connection_factory=Connection, **self._parameters()
                )
                connection.autocommit = True
                self._require_session(connection)
        except psycopg2.Error as error:
            raise DatabaseUnavailable("the database cannot be reached") from error
        # Not all at once: those that were opened together expire apart.
        connection.expires = time.monotonic() + self._settings.recycle * random.uniform(0.8, 1.0)  # noqa: S311
        connection.prepared = set()
        connection.books = self._books
        connection.poller = select.poll()
        connection.poller.register(connection.fileno(), select.POLLIN)
        self._books.enter(connection)
        return connection

    def _parameters(self) -> dict[str, Any]:
        settings = self._settings
        parameters: dict[str, Any] = {
            "application_name": "tableorder",
            "client_encoding": "UTF8",  # else PGCLIENTENCODING's
            "target_session_attrs": "read-write" if settings.writable else "prefer-standby",
            "keepalives_idle": 30,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        }
        if settings.session_state:
            values = {
                "role": settings.role,
                "TimeZone": settings.time_zone,
                "statement_timeout": round(settings.statement_timeout * 1000),
                "lock_timeout": round(settings.lock_timeout * 1000),
                "idle_in_transaction_session_timeout": 60_000,
                "plan_cache_mode": "force_generic_plan",  # what is prepared is planned once; see statements.py
            }
            given = extensions.parse_dsn(settings.dsn).get("options", "")
            parameters["options"] = " ".join([given, *(f"-c {name}={value}" for name, value in values.items())])
        return parameters

    def _require_session(self, connection: Connection) -> None:
        """Close a connection for which the server has not taken what it was started with, and raise SessionNotKept.

        A pooler in between may leave it out; the connection would have the rights and the time of whoever logged in.
        """
        if not self._settings.session_state:
            return
        with connection.cursor() as cursor:
            cursor.execute(SESSION, {"role": self._settings.role})
            [(is_kept,)] = cursor.fetchall()
        if not is_kept:
            connection.close()
            raise SessionNotKept("the database does not keep what is set for a session")

    def _is_good(self, connection: Connection, ends: float) -> bool:
        """Whether an idle connection may be handed out. Cheap looks first; a round trip only after a long idleness."""
        now = time.monotonic()
        if now >= connection.expires:
            return False
        if not self._settings.pre_ping:
            return True
        if _was_closed(connection) or (self._settings.writable and _is_standby(connection)):
            return False
        return now - connection.idle_since < self._settings.ping_after or self._answers(connection, ends)

    def _answers(self, connection: Connection, ends: float) -> bool:
        """Whether the server answers through `connection`. One that does not is not asked through the others too."""
        try:
            with deadline(min(PING_TIMEOUT, max(0.0, ends - time.monotonic()))), connection.cursor() as cursor:
                cursor.execute("SELECT")
            return True
        except DeadlineExceeded:
            for other in self._books.drain():
                _close(other)
            return False
        except psycopg2.Error:
            return False

    def _give_back(self, connection: Connection) -> None:
        keep = not self._closed and _clean(connection) and time.monotonic() < connection.expires
        connection.idle_since = time.monotonic()
        self._books.put(connection, keep=keep and not _is_standby(connection))


class _Books(ThreadedConnectionPool):
    """psycopg2's pool as the books: which connections are idle, which are out. It never connects by itself."""

    _lock: threading.Lock
    _pool: list[Connection]
    _used: dict[int, Connection]
    _rused: dict[int, int]
    _getkey: Callable[[], int]
    _getconn: Callable[[], Connection]

    def __init__(self, size: int) -> None:
        super().__init__(0, 0)
        self.minconn = size  # how many idle ones it keeps
        self.lock = self._lock
        self.connects = 0
        self.closed_count = 0

    def counts(self) -> tuple[int, int]:
        """How many are idle and how many are out; the lock is held by the caller."""
        return len(self._pool), len(self._used)

    def take(self) -> Connection | None:
        """An idle connection, the one that was used last, or None."""
        with self.lock:
            return self._getconn() if self._pool else None

    def enter(self, connection: Connection) -> None:
        """Book a new connection as out."""
        with self.lock:
            key = self._getkey()
            self._used[key] = connection
            self._rused[id(connection)] = key
            self.connects += 1

    def put(self, connection: Connection, *, keep: bool) -> None:
        """Book a connection in that was out; it is closed unless it is to be kept and there is room."""
        with self.lock:
            keep = keep and len(self._pool) < self.minconn
            key = self._rused.pop(id(connection))
            del self._used[key]
            if keep:
                self._pool.append(connection)
            else:
                self.closed_count += 1
        if not keep:
            _close(connection)

    def discard(self, connection: Connection) -> None:
        """Book a connection out of the pool for good."""
        self.put(connection, keep=False)

    def drain(self) -> list[Connection]:
        """All idle connections, no longer in the books."""
        with self.lock:
            drained, self._pool = self._pool, []
            self.closed_count += len(drained)
        return drained


class _Slots:
    """So many may be out at once; who waits is served in order of arrival."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self.waits = 0
        self.timeouts = 0

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def acquire(self, ends: float, on_wait: Callable[[], None]) -> bool:
        """Take a slot, waiting until `ends` at most; whether there was one. A wait begins with a call of `on_wait`."""
        with self._lock:
            if self._free and not self._queue:
                self._free -= 1
                return True
            turn = threading.Event()
            self._queue.append(turn)
            self.waits += 1
        try:
            on_wait()
            granted = turn.wait(max(0.0, ends - time.monotonic()))
        except BaseException:
            self._give_up(turn)
            raise
        return granted or self._still_granted(turn)

    def release(self) -> None:
        """Hand the slot to who has waited longest, or free it."""
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1

    def _still_granted(self, turn: threading.Event) -> bool:
        """Whether the slot came at the very moment in which the wait ended."""
        with self._lock:
            if turn.is_set():
                return True
            self._queue.remove(turn)
            self.timeouts += 1
            return False

    def _give_up(self, turn: threading.Event) -> None:
        if self._still_granted(turn):
            self.release()


def _ignore() -> None:
    """Nobody wants to know."""


def _was_closed(connection: Connection) -> bool:
    """Whether the server has closed the connection: an idle one has nothing to read, unless it is the end."""
    return bool(connection.closed or connection.poller.poll(0))


def _is_standby(connection: Connection) -> bool:
    """Whether the server is a standby by now; it reports that by itself, so no query is needed."""
    return not connection.closed and connection.info.parameter_status("in_hot_standby") == "on"


def _clean(connection: Connection) -> bool:
    """Bring a connection back into the state in which it was handed out; whether that worked."""
    try:
        if connection.closed or connection.info.transaction_status == extensions.TRANSACTION_STATUS_UNKNOWN:
            return False
        if connection.info.transaction_status != extensions.TRANSACTION_STATUS_IDLE:
            with deadline(PING_TIMEOUT):
                _roll_back(connection)
        connection.autocommit = True
        return True
    except psycopg2.Error:
        return False


def _roll_back(connection: Connection) -> None:
    """End the transaction, by a statement: psycopg2's own rollback knows nothing of one that a statement began."""
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK")


def _close(connection: Connection) -> None:
    try:
        connection.close()
    except psycopg2.Error:
        logger.debug("closing a connection failed", exc_info=True)


# A child of a fork shares its parent's sockets. It drops the connections without a word to the server (psycopg2 closes
# a connection for real only in the process that opened it), and the locks, which another thread may have held.
_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _start_all_empty() -> None:
    for pool in _pools:
        pool._start_empty()


os.register_at_fork(after_in_child=_start_all_empty)
