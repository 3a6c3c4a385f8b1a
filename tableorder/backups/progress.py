"""How far long work is: a line that changes on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import sys
import time

ON_TERMINAL = 0.2  # seconds between two reports
ELSEWHERE = 10.0
MEGABYTE = 1_000_000


def say(text: str) -> None:
    """One line on standard error."""
    print(text, file=sys.stderr, flush=True)


class Progress:
    """Counts the bytes of one piece of work, of `total` if that is known, and tells on standard error."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._started = self._reported = time.monotonic()
        self._terminal = sys.stderr.isatty()
        self._say("…")

    def add(self, size: int) -> None:
        self._done += size
        now = time.monotonic()
        if now - self._reported >= (ON_TERMINAL if self._terminal else ELSEWHERE):
            self._reported = now
            self._say(self._figures())

    def done(self) -> None:
        self._say(f"{self._figures()}, done")
        if self._terminal:
            print(file=sys.stderr)

    def _figures(self) -> str:
        share = f" ({100 * self._done // self._total} %)" if self._total else ""
        return f"{self._done / MEGABYTE:,.1f} MB{share}, {time.monotonic() - self._started:,.0f} s"

    def _say(self, text: str) -> None:
        line = f"{self._what}: {text}"
        print(f"\r{line}\x1b[K" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr)
        sys.stderr.flush()
