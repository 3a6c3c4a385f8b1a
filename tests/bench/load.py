"""Who asks: wrk as fast as the answers come, pgbench the same of PostgreSQL alone, and a steady stream of requests."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
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

    Its time counts from when it was due, so that a service that stalls cannot hide it.
    """
    return asyncio.run(_run_steadily(base, requests, seconds, rate))


async def _run_steadily(base: str, requests: list[Request], seconds: float, rate: float) -> Load:
    caller = _Caller(base)
    due = time.monotonic() + 0.1
    calls = []
    for number in range(max(1, int(seconds * rate))):
        await asyncio.sleep(due - time.monotonic())
        calls.append(asyncio.create_task(caller.call(requests[number % len(requests)], due)))
        due += 1 / max(rate, 1)
    times = sorted(await asyncio.gather(*calls))
    caller.close()
    return Load(len(times), seconds, _percentile(times, 0.5), _percentile(times, 0.99), caller.errors)


class _Caller:
    """Calls over connections that are kept if the server keeps them."""

    def __init__(self, base: str) -> None:
        self._address = urlsplit(base)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.errors = 0

    async def call(self, request: Request, due: float) -> float:
        """Milliseconds from when the request was due to the end of its answer."""
        try:
            async with asyncio.timeout(TIMEOUT):
                status = await self._call(request)
            self.errors += status >= 400
        except (OSError, EOFError, TimeoutError):
            self.errors += 1
        return (time.monotonic() - due) * 1000

    async def _call(self, request: Request) -> int:
        while True:
            kept = bool(self._idle)
            reader, writer = (
                self._idle.pop() if kept else await asyncio.open_connection(self._address.hostname, self._address.port)
            )
            try:
                writer.write(encode(request))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                break
            except (OSError, EOFError):  # an idle one that the server closed meanwhile
                writer.close()
                if not kept:
                    raise
        length = re.search(rb"content-length: (\d+)", head)
        status = int(head[9:12])
        if length and status != 304:
            await reader.readexactly(int(length[1]))
        if b"connection: close" in head:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


def encode(request: Request) -> bytes:
    """What goes over the wire, by HTTP/1.1."""
    body = request.body.encode()
    headers = {"Host": "localhost"} | request.headers | ({"Content-Length": str(len(body))} if body else {})
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]
