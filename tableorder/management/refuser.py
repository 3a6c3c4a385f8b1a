"""Refuses bodies that are too large, for Caddy: that would close while the client still sends and never reads why."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tableorder.http.refusals import refusal

PATIENCE = 30  # seconds for a body
MOST_BYTES = 64 << 20  # of a body; who sends more is cut off
MOST_CLIENTS = 100  # at once; the others are refused before they have sent all

LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Answer 413 to whatever comes over the socket at `path`, once it is there; nothing of it is kept."""
    stop: Future[Callable[[], object]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(path, stop)), name="refuser", daemon=True)
    thread.start()
    end = stop.result()
    try:
        yield
    finally:
        end()
        thread.join()


async def _serve(path: Path, stop: Future[Callable[[], object]]) -> None:
    """Serve until what `stop` is set to has been called."""
    turns, over = asyncio.Semaphore(MOST_CLIENTS), asyncio.Event()
    try:
        server = await asyncio.start_unix_server(lambda *streams: _refuse(turns, *streams), path)
    except OSError as error:
        stop.set_exception(error)
        return
    stop.set_result(partial(asyncio.get_running_loop().call_soon_threadsafe, over.set))
    async with server:
        await over.wait()


async def _refuse(turns: asyncio.Semaphore, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        if not turns.locked():
            async with turns:
                await _take(reader, head)
        writer.write(refusal(413))
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def _take(reader: asyncio.StreamReader, head: bytes) -> None:
    """Read a body to its end and throw it away."""
    length = LENGTH.search(head)
    left = min(int(length[1]), MOST_BYTES) if length else 0
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while left > 0 and (part := await reader.read(65_536)):
                left -= len(part)
