"""Long work for a request, such as bcrypt's: a bounded amount at once, on threads of low priority."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from flask import request

from tableorder.domain.errors import NotServing, Unavailable
from tableorder.server.affinity import give_way

T = TypeVar("T")

UNLIMITED = 64  # threads, more than gunicorn gives a worker

_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0) if hasattr(select, "poll") else 0


class LongWork:
    """Does work of one kind for this process, `limit` pieces at once; 0 for any number.

    A request beyond that gets `refusal` and does not wait: it would hold a thread that others need. The threads start
    with the first work, which is after the fork. What they start themselves inherits their priority.
    """

    def __init__(self, name: str, limit: int, refusal: type[Unavailable]) -> None:
        self._refusal = refusal
        self._turns = threading.BoundedSemaphore(limit) if limit else None
        self._threads = ThreadPoolExecutor(limit or UNLIMITED, thread_name_prefix=name, initializer=give_way)

    @contextmanager
    def turn(self) -> Iterator[Callable[[Callable[[], T]], T]]:
        """A way to run the work, for as long as this is held. Raises the refusal, NotServing for who has left."""
        if client_has_gone():
            raise NotServing("the client has not waited for the answer")
        if self._turns and not self._turns.acquire(blocking=False):
            raise self._refusal
        try:
            yield self._run
        finally:
            if self._turns:
                self._turns.release()

    def _run(self, work: Callable[[], T]) -> T:
        return self._threads.submit(work).result()


def client_has_gone() -> bool:
    """Look whether the client of this request has closed its connection; False where gunicorn does not show it."""
    connection = request.environ.get("gunicorn.socket")
    if connection is None or not _GONE:
        return False
    poller = select.poll()
    poller.register(connection, _GONE)
    return bool(poller.poll(0))
