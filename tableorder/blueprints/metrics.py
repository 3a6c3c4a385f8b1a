"""The figures for Prometheus: what the workers have counted, and what is read when it asks."""

import time
from collections.abc import Iterator

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tableorder.backups import BackupError
from tableorder.backups.files import Folder
from tableorder.domain.errors import Unavailable
from tableorder.domain.orders import STATUSES
from tableorder.metrics import counted
from tableorder.repositories.stores import StoreRepository
from tableorder.web.context import connect, database
from tableorder.web.nouns import Noun
from tableorder.web.responses import answers

blueprint = Noun("metrics", __name__, heading="Health", prefixes=("",), needs_database=False)


@blueprint.get("/metrics")
@answers({"type": "string"}, "Prometheus's text format", media_type="text/plain")
def show_metrics() -> Response:
    """The figures for Prometheus.

    Of all workers of the API together, on the API's own port only: nginx does not let it through.
    """
    current = CollectorRegistry()
    current.register(_CurrentFigures())
    return Response(generate_latest(current) + generate_latest(counted()), content_type=CONTENT_TYPE_LATEST)


class _CurrentFigures(Collector):
    """What is read when Prometheus asks. A Gauge's value would stay in this worker's file, for the others to report."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _of_database()
        yield from _of_backups()


def _of_database() -> Iterator[GaugeMetricFamily]:
    up = "tableorder_database_up", "Whether the database answers"
    try:
        with connect(None) as connection:
            live = StoreRepository(connection).count_live_orders()
        applied = database().readiness().applied
    except Unavailable:
        yield GaugeMetricFamily(*up, value=0)
        return
    yield GaugeMetricFamily(*up, value=1)
    orders = GaugeMetricFamily("tableorder_live_orders", "Orders of active sessions, all stores", labels=["status"])
    for status in STATUSES:
        orders.add_metric([status], live.get(status, 0))
    yield orders
    migration = GaugeMetricFamily("tableorder_migration_info", "The newest applied migration", labels=["migration"])
    migration.add_metric([max(applied, default="none")], 1)
    yield migration


def _of_backups() -> Iterator[GaugeMetricFamily]:
    """Nothing if there is no good backup, or none that this process may see."""
    try:
        taken = [backup.read_manifest().taken for backup in Folder.of_environment().good()]
    except (BackupError, OSError):
        return
    if taken:
        age = time.time() - max(taken).timestamp()
        yield GaugeMetricFamily("tableorder_backup_age_seconds", "Time since the newest good backup", value=age)
