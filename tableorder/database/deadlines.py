"""A bound on how long this thread waits for PostgreSQL, so that a frozen server or a dead network cannot hold it.

psycopg2 calls `_wait` whenever it would block, for every connection of the process, once this module is imported. Out
of time, it raises, and psycopg2 closes the connection, whose state nobody could know.
https://www.psycopg.org/docs/extensions.html#psycopg2.extensions.set_wait_callback
"""

import select
import threading
import time

import psycopg2
from psycopg2 import extensions

_thread = threading.local()


class DeadlineExceeded(psycopg2.OperationalError):
    """PostgreSQL did not answer in the time that the caller gave it."""


class deadline:
    """Let this thread wait for PostgreSQL no longer than `seconds` from now; an earlier deadline around it stays.

    Raises DeadlineExceeded, a psycopg2.OperationalError, from the call that waits.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._outer: float | None = getattr(_thread, "ends", None)
        ends = time.monotonic() + self._seconds
        _thread.ends = ends if self._outer is None else min(self._outer, ends)

    def __exit__(self, *raised: object) -> None:
        _thread.ends = self._outer


def _wait(connection: extensions.connection) -> None:
    ends = getattr(_thread, "ends", None)
    while (state := connection.poll()) != extensions.POLL_OK:
        event = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
        poller = select.poll()
        poller.register(connection.fileno(), event)
        if not poller.poll(_milliseconds_until(ends)) and ends is not None:
            raise DeadlineExceeded("PostgreSQL did not answer in time")


def _milliseconds_until(ends: float | None) -> float | None:
    return None if ends is None else max(0.0, (ends - time.monotonic()) * 1000)


extensions.set_wait_callback(_wait)
