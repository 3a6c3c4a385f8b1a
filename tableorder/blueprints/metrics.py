"""The figures for Prometheus: what the workers have counted, and what is found out when it asks."""

import time
from datetime import datetime

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from tableorder.backups import BackupError
from tableorder.backups.files import Folder
from tableorder.domain.errors import Unavailable
from tableorder.domain.orders import STATUSES
from tableorder.http.context import connect, database
from tableorder.metrics import counted
from tableorder.repositories.stores import StoreRepository

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    found = CollectorRegistry()
    _add_database(found)
    _add_backups(found)
    return Response(generate_latest(found) + generate_latest(counted()), content_type=CONTENT_TYPE_LATEST)


def _add_database(registry: CollectorRegistry) -> None:
    up = Gauge("tableorder_database_up", "Whether the database answers", registry=registry)
    try:
        with connect(None) as connection:
            live = StoreRepository(connection).count_live_orders()
        applied = database().applied_migrations()
    except Unavailable:
        up.set(0)
        return
    up.set(1)
    orders = Gauge("tableorder_live_orders", "Orders of active sessions, all stores", ["status"], registry=registry)
    for status in STATUSES:
        orders.labels(status).set(live.get(status, 0))
    newest = max(applied, default="none")
    Gauge("tableorder_migration_info", "The newest applied migration", ["migration"], registry=registry).labels(
        newest
    ).set(1)


def _add_backups(registry: CollectorRegistry) -> None:
    """Nothing if there is no good backup, or none that this process may see."""
    try:
        taken = [datetime.fromisoformat(backup.read_manifest().taken_at) for backup in Folder.of_environment().good()]
    except (BackupError, OSError, ValueError):
        return
    if taken:
        age = Gauge("tableorder_backup_age_seconds", "Time since the newest good backup", registry=registry)
        age.set(time.time() - max(taken).timestamp())
