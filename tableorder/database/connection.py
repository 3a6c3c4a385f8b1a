"""What a request works with: a checked-out connection, bound to a store, on which each call is one round trip."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import connection as Psycopg2Connection
from psycopg2.extensions import cursor as Psycopg2Cursor
from psycopg2.extensions import register_adapter
from psycopg2.extras import Json

from tableorder.database.deadlines import deadline
from tableorder.database.errors import translate
from tableorder.database.isolation import NOT_KEPT, STANDING, describe_power, is_transaction_pooled
from tableorder.database.pool import Connection as PooledConnection
from tableorder.database.pool import Pool, PoolSettings
from tableorder.database.statements import Statement
from tableorder.database.usage import usage
from tableorder.logs import fields

logger = logging.getLogger(__name__)

Row = tuple[Any, ...]

register_adapter(dict, Json)  # a dictionary among the parameters travels as JSON


class Check(NamedTuple):
    """A statement that comes before the others of a connection, in the same round trip, and raises to refuse them.

    Its parameters are named like none of theirs.
    """

    statement: Statement
    parameters: Mapping[str, object]


class Connection:
    """Runs statements for one store. Each call is one round trip and one transaction, committed when it returns.

    Several statements in one call, separated by semicolons, are one transaction too; each sees what was committed
    before it began, which is how a lock taken by one lets the next see the outcome that it waited for. Only the last
    one's rows come back. Raises the errors of tableorder.domain.errors, never psycopg2's.

    `prepared`: the names of the statements that are prepared on this connection, None if it cannot keep any.
    A statement that takes `slow` seconds is logged as a warning, with `echo` each one is logged.
    """

    def __init__(
        self,
        raw: Psycopg2Connection,
        *,
        prefix: str,
        seconds: float,
        echo: bool = False,
        slow: float = math.inf,
        prepared: set[str] | None = None,
        check: Check | None = None,
    ) -> None:
        self._raw = raw
        self._prefix = prefix
        self._seconds = seconds
        self._echo = echo
        self._slow = slow
        self._prepared = prepared
        self._check = check

    def fetch_one(self, statement: str | Statement, parameters: Mapping[str, object] | None = None) -> Row:
        """The first row of a statement that always has one."""
        return self.fetch_all(statement, parameters)[0]

    def find_one(self, statement: str | Statement, parameters: Mapping[str, object] | None = None) -> Row | None:
        """The first row, or None."""
        rows = self.fetch_all(statement, parameters)
        return rows[0] if rows else None

    def fetch_value(self, statement: str | Statement, parameters: Mapping[str, object] | None = None) -> Any:
        """The first column of the first row, or None."""
        row = self.find_one(statement, parameters)
        return row[0] if row else None

    def fetch_all(self, statement: str | Statement, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """All rows of the last statement."""
        started = time.monotonic()
        try:
            with deadline(self._seconds), self._raw.cursor() as cursor:
                cursor.execute(*self._sent(cursor, statement, parameters or {}))
                return cursor.fetchall() if cursor.description else []
        except psycopg2.Error as error:
            raise translate(error) from error
        finally:
            self._account(statement, time.monotonic() - started)

    def _account(self, statement: str | Statement, seconds: float) -> None:
        is_slow = seconds >= self._slow
        usage.add(seconds, is_slow=is_slow)
        if is_slow or self._echo:  # the statement without its parameters: those may be secret
            level, message = (logging.WARNING, "slow statement") if is_slow else (logging.INFO, "statement")
            text = " ".join(_sql(statement).split())
            logger.log(level, message, extra=fields(duration=round(seconds, 6), statement=text))

    def _sent(
        self, cursor: Psycopg2Cursor, statement: str | Statement, parameters: Mapping[str, object]
    ) -> tuple[str, Mapping[str, object]]:
        """All of a round trip, with its parameters."""
        text = self._text(cursor, statement)
        if self._check is None:
            return self._prefix + text, parameters
        check = self._text(cursor, self._check.statement)
        return f"{self._prefix}{check};\n{text}", {**parameters, **self._check.parameters}

    def _text(self, cursor: Psycopg2Cursor, statement: str | Statement) -> str:
        """What to send for a statement, which is prepared before if it is to be."""
        if isinstance(statement, str) or self._prepared is None:
            return _sql(statement)
        if statement.name not in self._prepared:
            cursor.execute(statement.prepare)
            self._prepared.add(statement.name)
        return statement.execute


def _sql(statement: str | Statement) -> str:
    return statement if isinstance(statement, str) else statement.sql


def _applied_migrations(connection: Connection) -> frozenset[str]:
    """The ids; none before the first was applied, and with it the right to read them granted."""
    try:
        return frozenset(name for (name,) in connection.fetch_all("SELECT migration_id FROM _yoyo_migration"))
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InsufficientPrivilege):
        return frozenset()


class Readiness(NamedTuple):
    """Why the stores are not kept apart, if so; the commits that wait for a standby; the applied migrations' ids."""

    fault: str | None
    waiting: int
    applied: frozenset[str]


class _Checkout:
    """A connection of the pool for the length of a `with`."""

    def __init__(self, database: Database, store_id: int | None, check: Check | None) -> None:
        self._database = database
        self._store_id = store_id
        self._check = check

    def __enter__(self) -> Connection:
        self._raw = self._database.pool.take()
        return self._database.bind(self._raw, self._store_id, self._check)

    def __exit__(self, *raised: object) -> None:
        self._database.pool.give_back(self._raw)


class Database:
    """The application's way to PostgreSQL: one pool, from which a request takes a connection bound to its store."""

    def __init__(self, settings: PoolSettings, *, echo: bool = False, slow: float = math.inf) -> None:
        self._settings = settings
        self._echo = echo
        self._slow = slow
        self._pooled: bool | None = None
        self.pool = Pool(settings)

    def connect(self, store_id: int | None, check: Check | None = None) -> _Checkout:
        """A connection that sees and writes the rows of `store_id` only, or of no store. Raises Unavailable.

        With a check, each of its round trips begins with that.
        """
        return _Checkout(self, store_id, check)

    def bind(self, raw: PooledConnection, store_id: int | None, check: Check | None = None) -> Connection:
        """A connection of the pool, bound to the rows of `store_id` or of no store."""
        return Connection(
            raw,
            prefix=self._prefix(store_id),
            seconds=self.pool.statement_deadline,
            echo=self._echo,
            slow=self._slow,
            prepared=raw.prepared if self._settings.session_state else None,
            check=check,
        )

    def readiness(self) -> Readiness:
        """Whether requests can be served, asked through the pool as they are. Raises Unavailable."""
        with self.pool.checkout() as raw:
            connection = self.bind(raw, None)
            session_user, current_user, backend, power, waiting = connection.fetch_one(STANDING)
            is_direct = backend == raw.info.backend_pid
            applied = _applied_migrations(connection)
        if power:
            fault = describe_power(session_user, power)
        elif current_user != self._settings.role:
            fault = f"statements run as {current_user} and not as {self._settings.role}"
        elif self._settings.session_state and not is_direct and self._is_transaction_pooled():
            fault = NOT_KEPT
        else:
            fault = None
        return Readiness(fault, waiting, applied)

    def _is_transaction_pooled(self) -> bool:
        """Found out once, by connections of its own."""
        if self._pooled is None:
            try:
                self._pooled = is_transaction_pooled(self._settings.dsn, seconds=self._settings.connect_timeout)
            except psycopg2.Error:  # there is no second connection to be had at the moment
                return False
        return self._pooled

    def _prefix(self, store_id: int | None) -> str:
        """Statements that set the store, for this transaction only, in the same round trip as the request's own."""
        values = {} if store_id is None else {"app.store_id": str(int(store_id))}
        if not self._settings.session_state:  # behind a transaction pooler nothing set at connect is ours to keep
            values |= {
                "role": self._settings.role,
                "TimeZone": self._settings.time_zone,
                "statement_timeout": f"{round(self._settings.statement_timeout * 1000)}ms",
                "lock_timeout": f"{round(self._settings.lock_timeout * 1000)}ms",
            }
        return "".join([f"SET LOCAL {name} = '{value}';\n" for name, value in values.items()])
