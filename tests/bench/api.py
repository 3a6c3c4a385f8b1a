"""`bin/bench api`: the service, the database's and the framework's own limits, and other ways to build it.

All run side by side on one PostgreSQL; each workload goes to each of them in turn, in several rounds, so that
whatever else happens on the machine happens to all. What counts are the ratios of one round, and their median.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tests.bench import report
from tests.bench.limits import STATEMENTS, pgbench_script
from tests.bench.load import BenchError, Load, require_wrk, run_pgbench, run_steadily, run_wrk
from tests.bench.services import Application, Floor, Rival, RoundTrip, cpu_seconds
from tests.bench.town import Town, found_town
from tests.bench.workloads import API, WORKLOADS, Workload, write_lua

OURS = "tableorder"
RIVALS = {
    "asyncpg": "tests.bench.rivals.starlette_asyncpg:app",
    "sqlalchemy": "tests.bench.rivals.fastapi_sqlalchemy:app",
}
ROUND_TRIP = "round-trip"
OTHERS = ("limit", "floor", ROUND_TRIP, *RIVALS)
WARM_UP = 1  # second, before the first round
STEADY_SHARE = 0.6  # of its own peak

# What differs from answer to answer, or in how it is written.
VOLATILE = {"order_id", "order_item_id", "order_time", "access_token", "session_id"}

ROUTES = {
    "menus": f"{API}/customer/menus",
    "menus-304": f"{API}/customer/menus",
    "order": f"{API}/customer/orders",
    "orders": f"{API}/customer/orders",
    "dashboard": f"{API}/admin/orders",
    "status": f"{API}/admin/orders/<int:order_id>/status",
}

# What some services do not know is not asked of them.
KNOWN = {"floor": {*ROUTES}, ROUND_TRIP: {"menus-304", "orders", "order"}}


@dataclass(frozen=True)
class Run:
    """One run of one workload against one service; processor time in seconds per 1,000 requests."""

    load: Load
    application_cpu: float
    database_cpu: float


@dataclass
class Bench:
    """The services, ready to be measured, and what was measured of them: (workload, service) → a run a round."""

    town: Town
    folder: Path
    seconds: float
    connections: int
    wanted: set[str] = field(default_factory=set)
    services: dict[str, Application] = field(default_factory=dict)
    runs: dict[tuple[str, str], list[Run]] = field(default_factory=dict)

    def measure(self, workload: Workload, service: str) -> None:
        """One more run."""
        if service == "limit":
            run = partial(run_pgbench, self.town, self._script(workload))
            processes = []
        else:
            run = partial(run_wrk, self.services[service].base, self._requests(workload))
            processes = self.services[service].processes()
        if (workload.name, service) not in self.runs:
            run(WARM_UP, self._connections(workload))
            if workload.writes:
                self.town.restore()
        self._record(
            workload,
            service,
            processes,
            partial(run, max(self.seconds, workload.least_seconds), self._connections(workload)),
        )

    def measure_steadily(self, workload: Workload, service: str) -> None:
        """One more run, at a share of the service's own peak."""
        peak = statistics.median(run.load.rate for run in self.runs[workload.name, service])
        base, listed = self.services[service].base, workload.requests(self.town)
        run = partial(run_steadily, base, listed, self.seconds, STEADY_SHARE * peak)
        steady = Workload(steady_name(workload), workload.make, writes=workload.writes)
        self._record(steady, service, self.services[service].processes(), run)

    def _record(self, workload: Workload, service: str, processes: list[Any], run: Any) -> None:
        before = cpu_seconds(processes), cpu_seconds(self.town.processes())
        load = run()
        after = cpu_seconds(processes), cpu_seconds(self.town.processes())
        repeated = workload.once and service != "floor" and load.requests > len(workload.requests(self.town))
        if repeated or load.requests == 0:  # what came a second time was less work
            load = replace(load, errors=load.errors + 1)
        used = [(now - then) / max(1, load.requests) * 1000 for now, then in zip(after, before, strict=True)]
        self.runs.setdefault((workload.name, service), []).append(Run(load, *used))
        if workload.writes:
            self.town.restore()

    def _connections(self, workload: Workload) -> int:
        return workload.connections or self.connections

    def _requests(self, workload: Workload) -> Path:
        file = self.folder / f"{workload.name}.lua"
        if not file.exists():
            write_lua(workload.requests(self.town), file)
        return file

    def _script(self, workload: Workload) -> Path:
        file = self.folder / f"{workload.name}.sql"
        file.write_text(pgbench_script(self.town, workload.name))
        return file


def steady_name(workload: Workload) -> str:
    return f"{workload.name}, {STEADY_SHARE:.0%} of peak"


def add_parser(measurements: argparse._SubParsersAction) -> None:
    parser = measurements.add_parser("api", help="the API against others (the default)", description=__doc__)
    add_options(parser)
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), metavar="NAME")
    parser.add_argument("--against", nargs="*", choices=OTHERS, default=list(OTHERS), metavar="NAME")
    parser.add_argument("--stores", type=int, default=100, help="stores in the database (default: 100)")
    parser.add_argument("--history", type=int, default=0, help="past meals in the database (default: 0)")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the figures, too")
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What all measurements with wrk can be told."""
    parser.add_argument("--seconds", type=float, default=4, help="that each run takes (default: 4)")
    parser.add_argument("--connections", type=int, default=16, help="at the same time (default: 16)")


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    require_wrk()
    with prepared(options) as bench:
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds} …", file=sys.stderr, flush=True)
            for name in options.workloads:
                _measure_round(bench, WORKLOADS[name])
    figures = report.summarize(bench.runs, OURS)
    print(json.dumps(figures) if options.json else report.table(figures))
    if options.plot:
        report.plot(figures, options.plot)
    return 0 if all(row["errors"] == 0 for row in figures) else 1


def _measure_round(bench: Bench, workload: Workload) -> None:
    for service in bench.services:
        if workload.name in KNOWN.get(service, WORKLOADS):
            bench.measure(workload, service)
    if "limit" in bench.wanted and workload.name in STATEMENTS:
        bench.measure(workload, "limit")
    if workload.name == "mix":
        for service in bench.services:
            if service not in KNOWN:
                bench.measure_steadily(workload, service)


@contextmanager
def prepared(options: argparse.Namespace) -> Iterator[Bench]:
    """The town and all services wanted, each giving the same answers."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tableorder-bench-")))
        town = stack.enter_context(found_town(options.stores, options.history))
        bench = Bench(town, folder, options.seconds, options.connections, set(options.against))

        def start(name: str, service: Application) -> None:
            stack.callback(service.stop)
            bench.services[name] = service.wait_until_ready()

        start(OURS, Application(town, folder))
        samples = {name: _sample(bench, OURS, name) for name in WORKLOADS}
        for name, application in RIVALS.items():
            if name in options.against:
                start(name, Rival(town, folder, application))
                _compare(bench, name, samples)
        if "floor" in options.against:
            answers = [
                (samples[name].request.method, route, samples[name].status_code, samples[name].text)
                for name, route in ROUTES.items()
                if samples[name].text
            ]
            start("floor", Floor(town, folder, answers))
        if ROUND_TRIP in options.against:
            start(ROUND_TRIP, RoundTrip(town, folder))
        town.restore()
        yield bench


def _sample(bench: Bench, service: str, workload: str) -> requests.Response:
    """The answer to the first request of a workload, as if it were the first ever."""
    bench.town.restore()
    request = WORKLOADS[workload].requests(bench.town)[0]
    url = bench.services[service].base + request.path
    return requests.request(request.method, url, headers=request.headers, data=request.body.encode(), timeout=30)


def _compare(bench: Bench, name: str, samples: dict[str, requests.Response]) -> None:
    """Raises BenchError unless the service answers each workload as the application did."""
    for workload, ours in samples.items():
        theirs = _sample(bench, name, workload)
        if theirs.status_code != ours.status_code or _constant(theirs.text) != _constant(ours.text):
            raise BenchError(f"{name} answers {workload} differently: {theirs.status_code} {theirs.text[:300]}")


def _constant(text: str) -> object:
    """The JSON without what differs from answer to answer."""
    return (
        json.loads(text, object_hook=lambda found: {k: v for k, v in found.items() if k not in VOLATILE})
        if text
        else ""
    )
