"""Processor affinity: keeps each worker on one processor. Does nothing except on Linux.

Only one thread of a Python process runs at a time. If its threads take turns on several processors, each finds what it
needs in the caches of another one; kept on one, a worker serves a quarter more requests.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

# The processors that this process may use, read before it stays on one.
ALLOWED = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

NICENESS = 10  # a tenth of a processor that others want, too: they hardly notice, and it does get on


def stay_on(processor: int) -> None:
    """Let this thread, and the threads that it starts, run on one processor only."""
    _allow({processor})


def give_way() -> None:
    """Let this thread run on any processor from now on, with a lower priority than the threads that serve.

    For long work that leaves the interpreter to the others. There is no way back: only root makes a thread less nice.
    """
    if ALLOWED:
        _allow(ALLOWED)
    if sys.platform == "linux":  # elsewhere it would be the whole process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _allow(processors: set[int]) -> None:
    with suppress(OSError):  # the system may have taken a processor away
        os.sched_setaffinity(0, processors)
