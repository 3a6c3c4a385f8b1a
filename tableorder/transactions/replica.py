"""Reads that a standby answers in the primary's place, as soon as it has what the store has committed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from tableorder.database.connection import Check, Connection, Database, Row
from tableorder.database.statements import Statement
from tableorder.domain.errors import Unavailable
from tableorder.metrics import REPLICA_READS
from tableorder.repositories.events import EventRepository

logger = logging.getLogger(__name__)

T = TypeVar("T")

PAUSE = 5.0  # seconds without asking a standby that did not answer, so that not every request waits for it


class Replica:
    """The primary, and the standby of DATABASE_REPLICA_URL if there is one.

    A standby lags, by milliseconds or by hours, and nobody may miss what they have just written. Every change of a
    store is an event in the same transaction, and a standby replays transactions in the order of their commits
    (https://www.postgresql.org/docs/current/warm-standby.html). So one that has the event that is the primary's latest
    of the store has all that the store had committed by then; one that does not is not asked for more.
    """

    def __init__(self, primary: Database, standby: Database | None) -> None:
        self._primary = primary
        self._standby = standby
        self._lock = threading.Lock()
        self._ask_again = 0.0  # when, after it did not answer; 0 while it does

    def read(self, store_id: int, query: Callable[[Connection], T], check: Check | None = None) -> T:
        """Run `query` on a connection that sees all that the store has committed up to now.

        Raises what `query` and `check` raise, and Unavailable if the primary is down. If the standby is down, the
        primary answers. The primary makes the check: the standby learns only later that a token was revoked or issued.
        """
        if self._standby is not None and self._may_ask():
            with self._primary.connect(store_id, check) as connection:
                position = EventRepository(connection).position(store_id=store_id)
            try:
                with self._standby.connect(store_id) as connection:
                    replayed = EventRepository(connection).position(store_id=store_id)
                    self._ask_again = 0.0
                    if replayed >= position:
                        answer = query(connection)
                        REPLICA_READS.labels("answered").inc()
                        return answer
                REPLICA_READS.labels("behind").inc()
            except Unavailable as error:
                logger.warning("the replica is left alone for %d s: %s", PAUSE, error.__cause__ or error.detail)
                self._ask_again = time.monotonic() + PAUSE
                REPLICA_READS.labels("away").inc()
        with self._primary.connect(store_id, check) as connection:
            return query(connection)

    def _may_ask(self) -> bool:
        """Whether to ask the standby. After a pause one thread finds out whether it is back."""
        with self._lock:
            now = time.monotonic()
            if now < self._ask_again:
                return False
            if self._ask_again:
                self._ask_again = now + PAUSE
            return True


class ReplicaConnection(Connection):
    """Chooses between the standby and the primary for each call. Each call is a transaction, so nothing is torn."""

    def __init__(self, replica: Replica, store_id: int, check: Check | None) -> None:
        self._replica = replica
        self._store_id = store_id
        self._check = check

    def fetch_all(self, statement: str | Statement, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """All rows of the last statement."""
        return self._replica.read(
            self._store_id, lambda connection: connection.fetch_all(statement, parameters), self._check
        )
