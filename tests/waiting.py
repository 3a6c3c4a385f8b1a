"""Waiting for something that happens elsewhere."""

import threading
import time
from collections.abc import Callable

LONGEST_PAUSE = 0.03  # seconds


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Return once the condition holds; fail if it does not in time."""
    ends = time.monotonic() + seconds
    pause, length = threading.Event(), 0.002
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        pause.wait(length)  # leave the processor to those who are to make it happen
        length = min(1.5 * length, LONGEST_PAUSE)
