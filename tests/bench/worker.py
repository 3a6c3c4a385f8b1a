"""`bin/bench worker`: how long a worker takes to start, and how much memory it holds after very many requests."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import psutil
import requests

from tests.bench.load import require_wrk, run_wrk
from tests.bench.services import Application
from tests.bench.town import Town, found_town
from tests.bench.workloads import WORKLOADS, write_lua

CONNECTIONS = 16
LOOKS = 10  # at the memory, in equal parts of the run


def add_parser(measurements: argparse._SubParsersAction) -> None:
    parser = measurements.add_parser("worker", help="start time and memory", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="of the mix, as fast as it goes (default: 300)")
    parser.add_argument("--starts", type=int, default=5, help="starts that are timed (default: 5)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    require_wrk()
    with tempfile.TemporaryDirectory(prefix="tableorder-bench-") as name, found_town(100, 0) as town:
        folder = Path(name)
        alone = Application(town, folder, workers=1).wait_until_ready()
        try:
            starts = [_time_start(alone) for _ in range(options.starts)]
        finally:
            alone.stop()
        service = Application(town, folder).wait_until_ready()
        try:
            memory, answered, errors = _use(service, town, folder, options.seconds)
        finally:
            service.stop()
    figures = {
        "start of a worker, median, s": round(statistics.median(starts), 2),
        "start of a worker, slowest, s": round(max(starts), 2),
        "requests": answered,
        "errors": errors,
        "memory of the largest worker (RSS), MB, start to end": memory,
    }
    print(json.dumps(figures) if options.json else "\n".join(f"{key:55}{value}" for key, value in figures.items()))
    return 0 if errors == 0 else 1


def _use(service: Application, town: Town, folder: Path, seconds: float) -> tuple[list[float], int, int]:
    """Memory at each look, requests answered, errors."""
    file = folder / "mix.lua"
    write_lua(WORKLOADS["mix"].requests(town), file)
    memory, loads = [_memory(service)], []
    for _ in range(LOOKS):
        loads.append(run_wrk(service.base, file, seconds / LOOKS, CONNECTIONS))
        memory.append(_memory(service))
        town.restore()
    return memory, sum(load.requests for load in loads), sum(load.errors for load in loads)


def _workers(service: Application) -> list[psutil.Process]:
    return psutil.Process(service.process.pid).children()


def _memory(service: Application) -> float:
    return round(max(worker.memory_info().rss for worker in _workers(service)) / 1e6, 1)


def _time_start(service: Application) -> float:
    """Seconds from the end of the only worker to the first answer of its successor, for which the request waits."""
    [worker] = _workers(service)
    worker.kill()
    started = time.monotonic()
    worker.wait()
    requests.get(f"{service.base}/health", timeout=30).raise_for_status()
    return time.monotonic() - started
