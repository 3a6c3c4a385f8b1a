"""Refuses to start on a database that would not keep the stores apart."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress

import psycopg2

from tableorder.config import Config
from tableorder.database.connection import Database
from tableorder.database.isolation import NOT_KEPT, power_of
from tableorder.database.pool import PoolSettings, SessionNotKept
from tableorder.domain.errors import Unavailable


def refuse_unsafe_databases(config: Config) -> None:
    """End the process with a line that says which setting leads to such a database, and why it is one.

    If a database is down, the service starts, and is not ready until the database is up.
    """
    for setting, fault in _faults(config):
        if fault:
            sys.exit(f"tableorder: {setting}: {fault}")


def _faults(config: Config) -> Iterator[tuple[str, str | None]]:
    yield "DATABASE_URL", _fault_of(config.pool)
    if config.replica:
        yield "DATABASE_REPLICA_URL", _fault_of(config.replica)
    if config.streams.listen_dsn != config.pool.dsn:
        with suppress(psycopg2.Error):
            yield "DATABASE_LISTEN_URL", power_of(config.streams.listen_dsn, seconds=config.pool.connect_timeout)


def _fault_of(settings: PoolSettings) -> str | None:
    database = Database(settings)
    try:
        return database.readiness().fault
    except SessionNotKept:
        return NOT_KEPT
    except Unavailable:
        return None
    finally:
        database.pool.close()
