"""Waiting for something that happens elsewhere."""

import threading
import time
from collections.abc import Callable

from psycopg2.extensions import connection as Connection

LONGEST_PAUSE = 0.03  # seconds
PATIENCE = 60  # seconds, much more than even a busy machine takes
ATTEMPTS = 5


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Return once the condition holds; fail if it does not in time."""
    ends = time.monotonic() + seconds
    pause, length = threading.Event(), 0.002
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        pause.wait(length)  # leave the processor to those who are to make it happen
        length = min(1.5 * length, LONGEST_PAUSE)


def until_it_holds_up_somebody(holder: Connection, looker: Connection) -> None:
    """Return once somebody waits for a lock of `holder`'s; others wait for theirs, in this database and in others."""
    held_up = "SELECT count(*) FROM pg_locks WHERE NOT granted AND %s = ANY (pg_blocking_pids(pid))"

    def waiting() -> int:
        with looker.cursor() as cursor:
            cursor.execute(held_up, (holder.info.backend_pid,))
            return cursor.fetchall()[0][0]

    until(waiting)


def assert_within(bound: float, scenario: Callable[[], float]) -> None:
    """Fail unless the scenario, which returns the seconds that it took, is over within so many of them.

    A machine that is busy with other things holds up one attempt or another; what is too slow by itself is too slow
    each time. So one attempt has to be in time, each begun anew.
    """
    taken: list[float] = []
    while not taken or taken[-1] >= bound:
        assert len(taken) < ATTEMPTS, f"not within {bound} s: {taken}"
        taken.append(scenario())
