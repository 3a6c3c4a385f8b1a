"""The figures of all runs: medians, ratios, a table and a plot."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bench.api import Run

Figures = list[dict[str, Any]]


def summarize(runs: Mapping[tuple[str, str], Sequence[Run]], ours: str) -> Figures:
    """A row for each workload and service: medians over the rounds, and how our rate and p99 compare with its.

    The ratios are of runs of the same round, ours by theirs; an error in any run voids the row's figures.
    """
    rows = []
    for (workload, service), their_runs in runs.items():
        our_runs = runs[workload, ours]
        errors = sum(run.load.errors for run in their_runs)
        row: dict[str, Any] = {"workload": workload, "service": service, "rounds": len(their_runs), "errors": errors}
        if not errors:
            row |= {
                "rate": _median(their_runs, lambda run: run.load.rate),
                "p50_ms": _median(their_runs, lambda run: run.load.p50),
                "p99_ms": _median(their_runs, lambda run: run.load.p99),
                "application_cpu": _median(their_runs, lambda run: run.application_cpu),
                "database_cpu": _median(their_runs, lambda run: run.database_cpu),
            }
            if service != ours and not any(run.load.errors for run in our_runs):
                pairs = list(zip(our_runs, their_runs, strict=True))
                rates = [our.load.rate / their.load.rate for our, their in pairs]
                row["ratio"] = statistics.median(rates)
                row["ratio_from"], row["ratio_to"] = min(rates), max(rates)
                row["p99_ratio"] = statistics.median(our.load.p99 / their.load.p99 for our, their in pairs)
        rows.append(row)
    return rows


def _median(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    return statistics.median(value(run) for run in runs)


COLUMNS = {
    "workload": "workload",
    "service": "service",
    "rate": "requests/s",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "application_cpu": "app CPU s/1,000",
    "database_cpu": "db CPU s/1,000",
    "errors": "errors",
    "ratio": "ours by theirs",
    "spread": "from–to",
    "p99_ratio": "p99 ratio",
}


def table(figures: Figures) -> str:
    """The figures as a Markdown table."""
    rows = [list(COLUMNS.values()), ["---", "---", *["---:"] * (len(COLUMNS) - 2)]]
    rows += [[_cell(row, column) for column in COLUMNS] for row in figures]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cell(row: dict[str, Any], column: str) -> str:
    if column == "spread":
        return f"{row['ratio_from']:.2f}–{row['ratio_to']:.2f}" if "ratio" in row else ""
    value = row.get(column, "void" if row["errors"] and column == "rate" else "")
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if column == "rate" and value >= 100 else f"{value:.2f}"


def plot(figures: Figures, file: Path) -> None:
    """Requests per second of each service, a row of bars for each workload."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    drawn = [row for row in figures if "rate" in row and "peak" not in row["workload"]]
    workloads = list(dict.fromkeys(row["workload"] for row in drawn))
    services = list(dict.fromkeys(row["service"] for row in drawn))
    figure, all_axes = pyplot.subplots(len(workloads), 1, figsize=(8, 0.4 + 1.25 * len(workloads)), squeeze=False)
    for axes, workload in zip(all_axes[:, 0], workloads, strict=True):
        rates = {row["service"]: row["rate"] for row in drawn if row["workload"] == workload}
        shown = [service for service in services if service in rates]
        colors = ["#c0392b" if service == services[0] else "#7f8c8d" for service in shown]
        bars = axes.barh(shown, [rates[service] for service in shown], color=colors)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
        axes.set_title(f"{workload}, requests per second", loc="left", fontsize=9)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_visible(False)
        for side in ("top", "right", "bottom"):
            axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
