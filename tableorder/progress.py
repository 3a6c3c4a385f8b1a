"""How far long work is: a bar on a terminal, plain lines now and then elsewhere; all of it on standard error.

rich is imported only where there is a terminal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

INTERVAL = 10.0  # seconds between two plain lines
MEGABYTE = 1_000_000

Add = Callable[[int], None]


def say(text: str) -> None:
    """One line."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """A piece of work whose size is not known."""
    if not sys.stderr.isatty():
        say(f"{what} …")
    with spinner(what):
        yield


@contextmanager
def spinner(what: str) -> Iterator[None]:
    """Something that moves, for as long as it takes; nothing where there is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description} …"), TimeElapsedColumn()
    with Progress(*columns, console=_console(), transient=True, redirect_stdout=False) as shown:
        shown.add_task(what, total=None)
        yield


def progress(what: str, total: int | None = None) -> AbstractContextManager[Add]:
    """Counts the bytes of one piece of work, of `total` if that is known; gives what is to be told of each number."""
    return _bar(what, total) if sys.stderr.isatty() else _lines(what, total)


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Add]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn()
    with Progress(*columns, console=_console(), redirect_stdout=False) as shown:
        task = shown.add_task(what, total=total)
        yield lambda size: shown.advance(task, size)
        shown.update(task, total=shown.tasks[0].completed)


@contextmanager
def _lines(what: str, total: int | None) -> Iterator[Add]:
    done, started = 0, time.monotonic()
    reported = started

    def figures() -> str:
        share = f" ({100 * done // total} %)" if total else ""
        return f"{done / MEGABYTE:,.1f} MB{share}, {time.monotonic() - started:,.0f} s"

    def add(size: int) -> None:
        nonlocal done, reported
        done += size
        if time.monotonic() - reported >= INTERVAL:
            reported = time.monotonic()
            say(f"{what}: {figures()}")

    say(f"{what}: …")
    yield add
    say(f"{what}: {figures()}, done")


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)
