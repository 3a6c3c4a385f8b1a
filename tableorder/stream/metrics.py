"""What the live feed counts for Prometheus; it is one process, which answers /metrics by itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from tableorder import metric_files

metric_files.install()

REGISTRY = CollectorRegistry()

OPEN = Gauge("tableorder_streams_open", "Live feeds that are open", registry=REGISTRY)
EVENTS = Counter("tableorder_events_sent", "Events sent, each once for each feed", registry=REGISTRY)
SLOW = Counter("tableorder_slow_readers", "Feeds dropped because their reader took nothing", registry=REGISTRY)
REFUSED = Counter("tableorder_streams_refused", "Feeds refused because too many were open", registry=REGISTRY)
PRUNED = Counter("tableorder_housekeeping_removed", "Old rows that were removed", ["table"], registry=REGISTRY)
PRUNED_AT = Gauge(
    "tableorder_housekeeping_last_run_timestamp_seconds",
    "When this process last looked for old rows",
    ["table"],
    registry=REGISTRY,
)


def count_pruned(table: str, removed: int) -> None:
    """Count the rows that housekeeping has just removed from a table."""
    PRUNED.labels(table).inc(removed)
    PRUNED_AT.labels(table).set_to_current_time()
