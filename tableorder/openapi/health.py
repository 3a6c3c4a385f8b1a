"""How the service is, for load balancers and people."""

from marshmallow import fields

from tableorder.openapi.operations import Answer, Operation
from tableorder.schemas import values


class Healthy(values.Document):
    status = values.one_of("healthy")


class Alive(values.Document):
    status = values.one_of("alive")


class Readiness(values.Document):
    status = values.one_of("ready", "unavailable")
    checks = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class Pool(values.Document):
    pool_size = values.number("connections that are kept open")
    max_overflow = values.number("further ones allowed")
    checked_in = values.number("idle")
    checked_out = values.number("in use")
    overflow = values.number("open beyond pool_size")
    waiting = values.number("requests that wait for one")
    connects = values.number("opened so far")
    closed = values.number("closed so far")
    waits = values.number("requests that had to wait for one, so far")
    timeouts = values.number("waits that ended in 503")


class DatabaseHealth(values.Document):
    status = values.one_of("healthy", "unhealthy")
    pool = fields.Nested(Pool, required=True, metadata={"description": "of the worker that answered"})
    error = fields.String(metadata={"description": "if unhealthy"})


POOL = {
    "pool_size": 5,
    "max_overflow": 10,
    "checked_in": 1,
    "checked_out": 0,
    "overflow": 0,
    "waiting": 0,
    "connects": 1,
    "closed": 0,
    "waits": 0,
    "timeouts": 0,
}

OPERATIONS = {
    "show_health": Operation(
        "Whether the process answers",
        answers={200: Answer("It does", Healthy, {"status": "healthy"})},
        uses_database=False,
    ),
    "show_liveness": Operation(
        "Whether the process is alive",
        answers={200: Answer("It is", Alive, {"status": "alive"})},
        uses_database=False,
    ),
    "show_readiness": Operation(
        "Whether requests can be served",
        description="The database answers, keeps the stores apart, confirms commits, and has every migration that this "
        "version needs. `checks` says what is wrong.",
        answers={
            200: Answer("Ready", Readiness, {"status": "ready", "checks": {"database": "ok", "migrations": "ok"}}),
            503: Answer(
                "Not now",
                Readiness,
                {"status": "unavailable", "checks": {"database": "the database is not available"}},
            ),
        },
        uses_database=False,
    ),
    "show_database_health": Operation(
        "How the database and the pool are",
        answers={
            200: Answer("The database answers", DatabaseHealth, {"status": "healthy", "pool": POOL}),
            503: Answer(
                "It does not",
                DatabaseHealth,
                {"status": "unhealthy", "error": "the database is not available", "pool": POOL},
            ),
        },
        uses_database=False,
    ),
}
