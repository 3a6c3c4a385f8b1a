"""Who asks: wrk as fast as the answers come, pgbench the same of PostgreSQL alone, and a steady stream of requests."""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.town import Town
from tests.bench.workloads import Request

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT = 10  # seconds that an answer may take


class BenchError(Exception):
    """It cannot be measured; the message says what to do."""


@dataclass(frozen=True)
class Load:
    """What came back: requests a second, milliseconds, and how many of the requests failed."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def require_wrk() -> None:
    """Raises BenchError if wrk is not there."""
    if shutil.which("wrk") is None:
        raise BenchError("wrk, the load generator, is not installed; on Debian and Ubuntu: apt install wrk")


def run_wrk(base: str, requests: Path, seconds: float, connections: int) -> Load:
    """Send the requests in turn over so many connections, each as soon as the one before is answered."""
    size = ["--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s"]
    command = ["wrk", *size, "--timeout", f"{TIMEOUT}s", "--script", str(SCRIPT), base, "--", str(requests)]
    output = subprocess.run(command, capture_output=True, text=True)
    if output.returncode:
        raise BenchError(f"wrk failed: {output.stderr.strip() or output.stdout.strip()}")
    said = json.loads(output.stdout.strip().splitlines()[-1])
    errors = said["refused"] + said["broken"]
    return Load(said["requests"], said["seconds"], said["p50"], said["p99"], errors)


def run_pgbench(town: Town, script: Path, seconds: float, connections: int) -> Load:
    """Run a script of statements over so many connections, as the application's role."""
    size = ["--client", str(connections), "--jobs", "1", "--time", str(max(1, round(seconds)))]
    command = [str(town.postgres.bin("pgbench")), "--no-vacuum", "--protocol", "prepared", *size, "--file", str(script)]
    log = script.with_suffix(".log")
    options = "-c role=tableorder -c TimeZone=Asia/Seoul"
    output = subprocess.run(
        [*command, "--log", "--log-prefix", str(log), town.url],
        capture_output=True,
        text=True,
        env={**os.environ, "PGOPTIONS": options},
    )
    if output.returncode:
        raise BenchError(f"pgbench failed: {output.stderr.strip().splitlines()[0]}")
    times = sorted(int(line.split()[2]) / 1000 for file in _take(log) for line in file.splitlines())
    rate = float(re.search(r"tps = ([\d.]+)", output.stdout)[1])
    failed = int(re.search(r"failed transactions: (\d+)", output.stdout)[1])
    return Load(len(times), len(times) / rate, _percentile(times, 0.5), _percentile(times, 0.99), failed)


def _take(prefix: Path) -> list[str]:
    files = list(prefix.parent.glob(f"{prefix.name}.*"))
    texts = [file.read_text() for file in files]
    for file in files:
        file.unlink()
    return texts


def run_steadily(base: str, requests: list[Request], seconds: float, rate: float) -> Load:
    """Send so many requests a second, whether the earlier ones are answered or not; a request waits for nobody.

    Its time counts from when it was due, so that a service that stalls cannot hide it. On the processors that the
    service works on, too, so it must be little work: bytes made before, and no task for each request.
    """
    import uvloop  # not at the top: what needs no steady load is to work without it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run_steadily(base, [encode(request) for request in requests], seconds, rate))


async def _run_steadily(base: str, requests: list[bytes], seconds: float, rate: float) -> Load:
    caller = _Caller(base)
    due = time.monotonic() + 0.1
    count = max(1, int(seconds * rate))
    for number in range(count):
        await asyncio.sleep(due - time.monotonic())
        caller.send(requests[number % len(requests)], due)
        due += 1 / max(rate, 1)
    await caller.close()
    times = sorted(caller.times) or [math.inf]
    errors = caller.refused + count - len(caller.times)
    return Load(count, seconds, _percentile(times, 0.5), _percentile(times, 0.99), errors)


class _Caller:
    """Calls over connections that are kept if the server keeps them; `times` are the answers' in milliseconds."""

    def __init__(self, base: str) -> None:
        self._address = urlsplit(base)
        self._opening: set[asyncio.Task[None]] = set()
        self.idle: list[_Connection] = []
        self.busy: set[_Connection] = set()
        self.times: list[float] = []
        self.refused = 0

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due at `due`, over a connection that nobody waits for."""
        if self.idle:
            self.idle.pop().send(request, due)
        else:
            opening = asyncio.create_task(self._send_over_another(request, due))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _send_over_another(self, request: bytes, due: float) -> None:
        connect = asyncio.get_running_loop().create_connection
        with suppress(OSError):
            _, connection = await connect(lambda: _Connection(self), self._address.hostname, self._address.port)
            connection.send(request, due)

    async def close(self) -> None:
        """Wait for the answers that are still to come, for as long as they may take, and close the connections."""
        ends = time.monotonic() + TIMEOUT
        while (self._opening or self.busy) and time.monotonic() < ends:
            await asyncio.sleep(0.01)
        for connection in [*self.idle, *self.busy]:
            connection.close()


class _Connection(asyncio.Protocol):
    """One of a caller's connections, on which one request is under way at most."""

    def __init__(self, caller: _Caller) -> None:
        self._caller = caller
        self._sent = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, request: bytes, due: float) -> None:
        self._request, self._due = request, due
        self._sent += 1
        self._received = bytearray()
        self._size = math.inf  # of the answer, once its head is there
        self._caller.busy.add(self)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._size == math.inf and (end := self._received.find(b"\r\n\r\n")) >= 0:
            self._head = bytes(self._received[:end]).lower()
            self._status = int(self._head[9:12])
            length = re.search(rb"content-length: (\d+)", self._head)
            self._size = end + 4 + (int(length[1]) if length and self._status != 304 else 0)
        if len(self._received) >= self._size:
            self._end()

    def _end(self) -> None:
        caller = self._caller
        caller.times.append((time.monotonic() - self._due) * 1000)
        caller.refused += self._status >= 400
        caller.busy.discard(self)
        if b"connection: close" in self._head:
            self.close()
        else:
            caller.idle.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._caller.idle:
            self._caller.idle.remove(self)
        elif self in self._caller.busy:
            self._caller.busy.discard(self)
            if not self._received and self._sent > 1:  # the server closed it while it was idle
                self._caller.send(self._request, self._due)

    def close(self) -> None:
        self._transport.close()


def encode(request: Request) -> bytes:
    """What goes over the wire, by HTTP/1.1."""
    body = request.body.encode()
    headers = {"Host": "localhost"} | request.headers | ({"Content-Length": str(len(body))} if body else {})
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]
