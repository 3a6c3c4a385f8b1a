"""Waiting for something that happens elsewhere."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Return once the condition holds; fail if it does not in time."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not happen in time"
