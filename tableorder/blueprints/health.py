"""How the service is, for load balancers and people."""

import logging

from flask import Blueprint, Response

from tableorder.database.migrations import required_migrations
from tableorder.domain.errors import Unavailable
from tableorder.http.context import connect, database
from tableorder.http.responses import fields

logger = logging.getLogger(__name__)

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
    """200 once requests can be served: the database answers, keeps the stores apart and has every migration needed."""
    try:
        readiness = database().readiness()
    except Unavailable as error:
        logger.warning("not ready: %s", error.__cause__ or error.detail)
        return fields({"status": "unavailable", "checks": {"database": error.detail}}, 503)
    if readiness.fault:
        logger.error("not ready: %s", readiness.fault)
        checks = {"database": "it does not keep the stores apart; the log says why"}
        return fields({"status": "unavailable", "checks": checks}, 503)
    if readiness.waiting:
        checks = {"database": "commits wait for a synchronous standby that does not confirm them"}
        return fields({"status": "unavailable", "checks": checks}, 503)
    missing = [name for name in REQUIRED if name not in readiness.applied]
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
