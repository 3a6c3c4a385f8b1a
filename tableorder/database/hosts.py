"""Connecting where a URL names several servers, one of which has taken over from another.

libpq goes on to the next server when one refuses, but leaves a silent one, as of a host without power, only if libpq
itself does the waiting; here that is done by deadlines.py.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg2
from psycopg2 import extensions

from tableorder.database.deadlines import deadline

# What the connection itself says better, or what is its own affair.
PLACES = {"host", "hostaddr", "port", "dbname", "user", "password", "target_session_attrs", "application_name"}


class Hosts:
    """The servers that a DSN names. The one that was good last is tried first."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._first = 0

    def connect(self, seconds: float, **parameters: Any) -> Any:
        """A connection to one of them, within `seconds`, of which each gets a share. Raises psycopg2.Error."""
        ends = time.monotonic() + seconds
        prefers = parameters.get("target_session_attrs", "").startswith("prefer-")  # one of them all, as libpq finds
        places = [{}] if prefers else _places(self._dsn)
        for tried in range(len(places)):
            number = (self._first + tried) % len(places)
            left = len(places) - tried
            try:
                with deadline(max(0.0, ends - time.monotonic()) / left):
                    connection = psycopg2.connect(self._dsn, **(parameters | places[number]))
            except psycopg2.OperationalError:
                if left == 1:
                    raise
            else:
                self._first = number
                return connection
        raise AssertionError("there is at least one place")


def connect_to_primary(dsn: str, seconds: float, **parameters: Any) -> Any:
    """A connection to that of the DSN's servers which takes writes, within `seconds`. Raises psycopg2.Error.

    A DSN of one server alone is followed as it is.
    """
    given = extensions.parse_dsn(dsn)
    if "," in given.get("host", "") + given.get("hostaddr", "") or "service" in given:
        parameters = {"target_session_attrs": "read-write"} | parameters
    if "target_session_attrs" in given:
        parameters.pop("target_session_attrs", None)
    return Hosts(dsn).connect(seconds, **parameters)


def resolved_dsn(connection: Any) -> str:
    """The DSN of the very server, database and role that this connection has, of all that its own DSN may mean."""
    info, given = connection.info, extensions.parse_dsn(connection.dsn)
    kept = {name: value for name, value in given.items() if name not in PLACES}
    if "," not in given.get("hostaddr", ","):
        kept["hostaddr"] = given["hostaddr"]
    place = {"host": info.host, "port": str(info.port), "dbname": info.dbname, "user": info.user}
    return str(extensions.make_dsn(**kept, **place, **({"password": info.password} if info.password else {})))


def _places(dsn: str) -> list[dict[str, str]]:
    """What names each server alone; one that names nothing if the DSN has no list of them."""
    given = extensions.parse_dsn(dsn)
    hosts, ports = (given.get(name, "").split(",") for name in ("host", "port"))
    if len(hosts) == 1:
        return [{}]
    return [{"host": host, "port": port} for host, port in zip(hosts, ports * (len(hosts) // len(ports)), strict=True)]
