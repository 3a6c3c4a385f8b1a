"""`bin/bench scale`: whether a request costs more with more stores and a longer history.

Each size has a PostgreSQL and an application of its own, all are up at the same time and are measured in turn. The
processor time that a request costs, in the application and in the database, is what is compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.api import OURS, Bench, add_options
from tests.bench.load import require_wrk
from tests.bench.services import Application
from tests.bench.town import found_town
from tests.bench.workloads import WORKLOADS

SIZES = [(10, 0), (100, 0), (100, 100_000), (1000, 1_000_000)]
MEASURED = ("menus", "order", "orders", "dashboard")  # not status: ten stores have too few orders to move along


def add_parser(measurements: argparse._SubParsersAction) -> None:
    parser = measurements.add_parser("scale", help="more stores, more history", description=__doc__)
    add_options(parser)
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=_size,
        default=SIZES,
        metavar="STORES:HISTORY",
        help="the first is what the others are compared with (default: 10:0 100:0 100:100000 1000:1000000)",
    )
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=MEASURED, metavar="NAME")
    parser.set_defaults(run=run)


def _size(text: str) -> tuple[int, int]:
    stores, _, history = text.partition(":")
    return int(stores), int(history or 0)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    require_wrk()
    with ExitStack() as stack:
        benches = {}
        for stores, history in options.sizes:
            print(f"{stores} stores, {history} past meals …", file=sys.stderr, flush=True)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tableorder-bench-")))
            town = stack.enter_context(found_town(stores, history))
            bench = Bench(town, folder, options.seconds, options.connections)
            service = Application(town, folder)
            stack.callback(service.stop)
            bench.services[OURS] = service.wait_until_ready()
            benches[stores, history] = bench
        for _ in range(options.rounds):
            for name in options.workloads:
                for bench in benches.values():
                    bench.measure(WORKLOADS[name], OURS)
    figures = [_row(benches, name, size) for name in options.workloads for size in benches]
    print(json.dumps(figures) if options.json else _table(figures))
    return 0 if all(row["errors"] == 0 for row in figures) else 1


def _row(benches: dict[tuple[int, int], Bench], workload: str, size: tuple[int, int]) -> dict[str, object]:
    first, runs = (benches[each].runs[workload, OURS] for each in (next(iter(benches)), size))
    costs = [run.application_cpu + run.database_cpu for run in runs]
    first_costs = [run.application_cpu + run.database_cpu for run in first]
    return {
        "workload": workload,
        "stores": size[0],
        "history": size[1],
        "cpu_ms": statistics.median(costs),
        "times_the_first": statistics.median(a / b for a, b in zip(costs, first_costs, strict=True)),
        "rate": statistics.median(run.load.rate for run in runs),
        "errors": sum(run.load.errors for run in runs),
    }


def _table(figures: list[dict[str, object]]) -> str:
    lines = [
        "| workload | stores | past meals | CPU ms a request | times the first | requests/s | errors |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    row = "| {workload} | {stores:,} | {history:,} | {cpu_ms:.3f} | {times_the_first:.2f} | {rate:,.0f} | {errors} |"
    return "\n".join([*lines, *(row.format_map(figure) for figure in figures)])
