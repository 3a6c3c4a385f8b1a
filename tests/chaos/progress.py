"""What `bin/chaos` says while it works."""

import sys
import time

_began = time.monotonic()


def report(text: str) -> None:
    """A line on standard error, with the seconds since the start."""
    print(f"{time.monotonic() - _began:6.1f} s  {text}", file=sys.stderr, flush=True)
