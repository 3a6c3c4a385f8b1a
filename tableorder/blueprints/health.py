"""How the service is, for load balancers and people."""

from flask import Blueprint, Response

from tableorder.database.migrations import required_migrations
from tableorder.domain.errors import Unavailable
from tableorder.http.context import connect, database
from tableorder.http.responses import fields

blueprint = Blueprint("health", __name__)

REQUIRED = required_migrations()  # as this process starts: what a deploy brings later is the next version's


@blueprint.get("/health")
def show_health() -> Response:
    return fields({"status": "healthy"})


@blueprint.get("/health/live")
def show_liveness() -> Response:
    return fields({"status": "alive"})


@blueprint.get("/health/ready")
def show_readiness() -> Response:
    """200 once requests can be served: the database answers and has every migration that this version needs."""
    try:
        applied = database().applied_migrations()
    except Unavailable as error:
        return fields({"status": "unavailable", "checks": {"database": error.detail}}, 503)
    missing = [name for name in REQUIRED if name not in applied]
    if missing:
        checks = {"database": "ok", "migrations": f"not applied: {', '.join(missing)}"}
        return fields({"status": "unavailable", "checks": checks}, 503)
    return fields({"status": "ready", "checks": {"database": "ok", "migrations": "ok"}})


@blueprint.get("/health/db")
def show_database_health() -> Response:
    try:
        with connect(None) as connection:
            connection.fetch_value("SELECT 1")
    except Unavailable as error:
        return fields({"status": "unhealthy", "error": error.detail, "pool": database().pool.stats()._asdict()}, 503)
    return fields({"status": "healthy", "pool": database().pool.stats()._asdict()})
