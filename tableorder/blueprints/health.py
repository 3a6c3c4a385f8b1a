"""How the service is, for load balancers and people."""

import logging
from typing import Any

from flask import Response

from tableorder.database.migrations import required_migrations
from tableorder.domain.errors import Unavailable
from tableorder.schemas.health import Alive, DatabaseHealth, Healthy, Readiness
from tableorder.web.context import connect, database
from tableorder.web.nouns import API, Noun
from tableorder.web.operations import may_answer
from tableorder.web.responses import answer, answers

logger = logging.getLogger(__name__)

blueprint = Noun("health", __name__, heading="Health", prefixes=("", API), needs_database=False)

REQUIRED = required_migrations()  # as this process starts: what a deploy brings later is the next version's


@blueprint.get("/health")
@answers(Healthy, "It does")
def show_health() -> dict[str, Any]:
    """Whether the process answers."""
    return {"status": "healthy"}


@blueprint.get("/health/live")
@answers(Alive, "It is")
def show_liveness() -> dict[str, Any]:
    """Whether the process is alive."""
    return {"status": "alive"}


@blueprint.get("/health/ready")
@answers(Readiness, "Ready")
@may_answer(
    503,
    "Not now",
    Readiness,
    example={"status": "unavailable", "checks": {"database": "the database is not available"}},
)
def show_readiness() -> Response | dict[str, Any]:
    """Whether requests can be served.

    The database answers, keeps the stores apart, confirms commits, and has every migration that this version needs.
    `checks` says what is wrong.
    """
    try:
        readiness = database().readiness()
    except Unavailable as error:
        logger.warning("not ready: %s", error.__cause__ or error.detail)
        return _unready(database=error.detail)
    if readiness.fault:
        logger.error("not ready: %s", readiness.fault)
        return _unready(database="it does not keep the stores apart; the log says why")
    if readiness.waiting:
        return _unready(database="commits wait for a synchronous standby that does not confirm them")
    if missing := [name for name in REQUIRED if name not in readiness.applied]:
        return _unready(database="ok", migrations=f"not applied: {', '.join(missing)}")
    return {"status": "ready", "checks": {"database": "ok", "migrations": "ok"}}


@blueprint.get("/health/db")
@answers(DatabaseHealth, "The database answers")
@may_answer(
    503,
    "It does not",
    DatabaseHealth,
    example={**DatabaseHealth.example, "status": "unhealthy", "error": "the database is not available"},
)
def show_database_health() -> Response | dict[str, Any]:
    """How the database and the pool are."""
    try:
        with connect(None) as connection:
            connection.fetch_value("SELECT 1")
    except Unavailable as error:
        return answer({"status": "unhealthy", "error": error.detail, "pool": database().pool.stats()._asdict()}, 503)
    return {"status": "healthy", "pool": database().pool.stats()._asdict()}


def _unready(**checks: str) -> Response:
    return answer({"status": "unavailable", "checks": checks}, 503)
