"""Waiting for something that happens elsewhere."""

import threading
import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Return once the condition holds; fail if it does not in time."""
    ends = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
        pause.wait(0.002)  # leave the processor to those who are to make it happen
