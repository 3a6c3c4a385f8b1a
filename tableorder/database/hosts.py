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


def _places(dsn: str) -> list[dict[str, str]]:
    """What names each server alone; one that names nothing if the DSN has no list of them."""
    given = extensions.parse_dsn(dsn)
    hosts, ports = (given.get(name, "").split(",") for name in ("host", "port"))
    if len(hosts) == 1:
        return [{}]
    return [{"host": host, "port": port} for host, port in zip(hosts, ports * (len(hosts) // len(ports)), strict=True)]
