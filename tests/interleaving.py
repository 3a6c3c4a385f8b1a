"""Held interleavings: let chosen statements of several connections meet in a chosen order, each time.

Whatever two requests do to each other, they do at a lock: one waits there until the other's transaction is over. So
the test that holds a lock decides when a request goes on. A test

1. holds a lock on a connection of its own, such as a row, a table, or a key that it has inserted and not committed;
2. starts an operation of the application in a thread, with a connection of its own;
3. waits until that operation is held up, which PostgreSQL tells (`pg_blocking_pids`), or is done;
4. starts other operations, or holds other locks, while it is held up there;
5. releases the lock, and collects what the operations returned or raised.

    def test_an_order_waits_for_the_end_of_its_session(stage, store_id, session_id, table_id):
        with stage.hold("LOCK TABLE order_history IN SHARE MODE") as hold:
            ended = stage.start(store_id, lambda connection: SessionRepository(connection).end(table_id=table_id))
            assert ended.is_held_up()  # its session is locked, nothing is archived yet
            placed = stage.start(store_id, lambda connection: OrderRepository(connection).place(...))
            assert placed.is_held_up()  # by the other operation, and so by the hold behind it
            hold.release()
            assert ended.outcome() is not None

Nothing here sleeps for a time that should be enough: each step waits for what it needs, with a deadline. An operation
may wait for another one, which waits in turn. It counts as held up only if this chain ends at a hold that is not
released. If the chain ends at an operation that still runs, `is_held_up` goes on waiting. So a deadlock is not taken
for a hold: PostgreSQL ends it, and one of its operations is done, with an error.

Where a hold can stop an operation:

- A table lock in SHARE mode stops a statement that writes to the table before its snapshot is taken: it sees all that
  is committed until the release.
- A row lock stops a statement after its snapshot is taken: it does not see what is committed meanwhile. Only the row
  that it waited for is read anew.
- A key that is inserted and not committed stops an operation that inserts that key, after its snapshot, too.
- An advisory lock that a deferred trigger takes stops a transaction at its commit, with all its locks held.

`tests/waiting.py` has the simple case, for one holder that is known and anybody who waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Psycopg2Connection

from tableorder.database.connection import Connection, Database
from tableorder.database.pool import Connection as PooledConnection
from tableorder.database.pool import PoolSettings
from tests.waiting import PATIENCE, until

AT_ONCE = 4  # operations that can be under way
HOLD_WAIT = "5s"  # for the locks of a hold; nobody should be in its way

# Whether the process waits, maybe for others that wait in turn, for one of the holders.
HELD_UP = """
WITH RECURSIVE chain (pid) AS (
    SELECT %(pid)s
     UNION
    SELECT unnest(pg_blocking_pids(chain.pid)) FROM chain
)
SELECT EXISTS (SELECT FROM chain WHERE pid = ANY(%(holders)s))
"""


class Hold:
    """Locks that one transaction holds until they are released."""

    def __init__(self, connection: Psycopg2Connection, release: Callable[[Hold], None]) -> None:
        self.connection = connection
        self._release = release

    def release(self) -> None:
        """Roll the hold back: the operations that wait for it go on. A second call does nothing."""
        self._release(self)


class Operation:
    """Something that the application does, under way in a thread."""

    def __init__(self, future: Future[Any], is_waiting: Callable[[], bool]) -> None:
        self._future, self._is_waiting = future, is_waiting

    def is_held_up(self) -> bool:
        """Wait until it is held up or done; whether it is held up. Fails if it is neither in time."""
        held_up = False

        def is_settled() -> bool:
            nonlocal held_up
            held_up = not self._future.done() and self._is_waiting()
            return held_up or self._future.done()

        until(is_settled)
        return held_up

    def outcome(self) -> Any:
        """Wait until it is done; the value that it returned or the error that it raised."""
        error = self._future.exception(PATIENCE)
        return self._future.result() if error is None else error


class Stage:
    """The connections of one test, or of many, one after the other: of those who hold, and of those who are held up.

    `superuser` is for what the test itself does and looks at; it commits each statement.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        settings = PoolSettings(
            database_url, size=AT_ONCE, max_overflow=0, statement_timeout=PATIENCE, lock_timeout=PATIENCE
        )
        self._database = Database(settings)
        self._threads = ThreadPoolExecutor(AT_ONCE)
        self.superuser = self._connect()
        self.superuser.autocommit = True
        self._idle: list[Psycopg2Connection] = []
        self._holding: set[Hold] = set()

    def query(self, statement: str, parameters: object = None) -> list[tuple[Any, ...]]:
        """Run a statement as a superuser and commit."""
        with self.superuser.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def hold(self, statement: str, parameters: object = None) -> Iterator[Hold]:
        """Hold the locks that the statement takes, until `release` or the end of the `with`.

        Raises psycopg2.errors.LockNotAvailable if somebody else holds them, such as another hold.
        """
        hold = Hold(self._idle.pop() if self._idle else self._connect(), self._release)
        self._holding.add(hold)
        try:
            with hold.connection.cursor() as cursor:
                cursor.execute(statement, parameters)
            yield hold
        finally:
            hold.release()

    def start(self, store_id: int, work: Callable[[Connection], Any]) -> Operation:
        """Begin to do this on a connection of the application, bound to the store."""
        raw = self._database.pool.take()
        future = self._threads.submit(self._run, raw, store_id, work)
        return Operation(future, lambda: self._is_held_up(raw.info.backend_pid))

    def close(self) -> None:
        """Release all and disconnect."""
        for hold in [*self._holding]:
            hold.release()
        self._threads.shutdown()
        self._database.pool.close()
        for connection in [*self._idle, self.superuser]:
            connection.close()

    def _connect(self) -> Psycopg2Connection:
        return psycopg2.connect(self._url, options=f"-c lock_timeout={HOLD_WAIT}")

    def _run(self, raw: PooledConnection, store_id: int, work: Callable[[Connection], Any]) -> Any:
        try:
            return work(self._database.bind(raw, store_id))
        finally:
            self._database.pool.give_back(raw)

    def _release(self, hold: Hold) -> None:
        if hold in self._holding:
            self._holding.remove(hold)
            hold.connection.rollback()
            self._idle.append(hold.connection)

    def _is_held_up(self, pid: int) -> bool:
        holders = [hold.connection.info.backend_pid for hold in self._holding]
        return self.query(HELD_UP, {"pid": pid, "holders": holders})[0][0]


@contextmanager
def opened_stage(database_url: str) -> Iterator[Stage]:
    """A stage on this database."""
    with closing(Stage(database_url)) as stage:
        yield stage
