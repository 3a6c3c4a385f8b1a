"""How the service is."""

from marshmallow import fields

from tableorder.schemas import values


class Healthy(values.Document):
    status = values.one_of("healthy")

    example = {"status": "healthy"}


class Alive(values.Document):
    status = values.one_of("alive")

    example = {"status": "alive"}


class Readiness(values.Document):
    status = values.one_of("ready", "unavailable")
    checks = fields.Dict(keys=fields.String(), values=fields.String(), required=True)

    example = {"status": "ready", "checks": {"database": "ok", "migrations": "ok"}}


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

    example = {
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


class DatabaseHealth(values.Document):
    status = values.one_of("healthy", "unhealthy")
    pool = fields.Nested(Pool, required=True, metadata={"description": "of the worker that answered"})
    error = fields.String(metadata={"description": "if unhealthy"})

    example = {"status": "healthy", "pool": Pool.example}
