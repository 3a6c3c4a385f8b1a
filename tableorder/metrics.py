"""What a worker of the API counts for Prometheus, all workers together through files of prometheus-client's.

gunicorn's configuration names the folder of these files in PROMETHEUS_MULTIPROC_DIR; without it a process counts for
itself. https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from tableorder import metric_files
from tableorder.database.pool import Pool, PoolStats

metric_files.install()

UNMATCHED = "unmatched"  # the route of a path that there is not
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
OTHER = "other"  # any other method: a client may send what it likes
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REQUESTS = Counter("tableorder_requests", "Requests answered", ["method", "route", "status"])
DURATION = Histogram(
    "tableorder_request_duration_seconds", "Time from a request to its answer", ["method", "route"], buckets=SECONDS
)
SLOW_STATEMENTS = Counter("tableorder_slow_statements", "Round trips to the database over SLOW_STATEMENT")
REPLICA_READS = Counter("tableorder_replica_reads", "Reads that were to be a standby's", ["outcome"])

_POOL_GAUGES = {
    "pool_size": Gauge("tableorder_pool_size", "Connections that are kept open", multiprocess_mode="livesum"),
    "max_overflow": Gauge("tableorder_pool_max_overflow", "Further ones allowed", multiprocess_mode="livesum"),
    "checked_in": Gauge("tableorder_pool_checked_in", "Idle connections", multiprocess_mode="livesum"),
    "checked_out": Gauge("tableorder_pool_checked_out", "Connections in use", multiprocess_mode="livesum"),
    "overflow": Gauge("tableorder_pool_overflow", "Connections beyond the size", multiprocess_mode="livesum"),
    "waiting": Gauge("tableorder_pool_waiting", "Requests that wait for one", multiprocess_mode="livesum"),
}
_POOL_COUNTERS = {
    "connects": Counter("tableorder_pool_connects", "Connections opened"),
    "closed": Counter("tableorder_pool_closed", "Connections closed"),
    "waits": Counter("tableorder_pool_waits", "Requests that had to wait for one"),
    "timeouts": Counter("tableorder_pool_timeouts", "Requests that waited in vain"),
}


def observe_request(method: str, route: str | None, status: int, seconds: float, slow_statements: int) -> None:
    """Count a request; `route` is the pattern that its path matched, of which there are only so many."""
    count, duration = _of_route(method if method in METHODS else OTHER, route or UNMATCHED, status)
    count.inc()
    duration.observe(seconds)
    if slow_statements:
        SLOW_STATEMENTS.inc(slow_statements)


def pool_observer(pool: Pool) -> Callable[[], None]:
    """What the pool is to call after each change, so that its figures are exact at any moment."""
    lock = threading.Lock()
    publishers = [_publisher(name) for name in PoolStats._fields]
    published: list[int | None] = [None] * len(publishers)

    def publish() -> None:
        with lock:  # read inside it, so that the last to publish has read last
            for number, value in enumerate(pool.stats()):
                before = published[number]
                if value != before:
                    publishers[number](value, before or 0)
                    published[number] = value

    return publish


def _publisher(name: str) -> Callable[[int, int], None]:
    """Publishes one of the pool's figures, given its value and the one before."""
    if name in _POOL_GAUGES:
        gauge = _POOL_GAUGES[name]
        return lambda value, before: gauge.set(value)
    counter = _POOL_COUNTERS[name]
    return lambda value, before: counter.inc(value - before)


def counted() -> CollectorRegistry:
    """What all workers have counted up to now."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder or not os.path.isdir(folder):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


@functools.cache
def _of_route(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), DURATION.labels(method, route)
