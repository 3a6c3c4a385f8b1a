"""On which processor a process runs (on Linux; elsewhere none of this does anything).

Only one thread of a Python process runs at a time. If its threads take turns on several processors, each finds what it
needs in the caches of another one; kept on one, a worker serves a quarter more requests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Those that this process may have, as long as it keeps to none of them.
ALLOWED = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def stay_on(processor: int) -> None:
    """Let this thread, and those that it starts, run on one processor only."""
    _allow({processor})


@contextmanager
def anywhere() -> Iterator[None]:
    """Let this thread run on any processor meanwhile; for long work that leaves the interpreter to the others."""
    if not ALLOWED:
        yield
        return
    before = os.sched_getaffinity(0)
    _allow(ALLOWED)
    try:
        yield
    finally:
        _allow(before)


def _allow(processors: set[int]) -> None:
    with suppress(OSError):  # the system may have taken a processor away
        os.sched_setaffinity(0, processors)
