"""The schema's migrations, applied by yoyo: one run at a time, and none blocked by a run that was killed."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from yoyo import get_backend, read_migrations
from yoyo.migrations import Migration

from tableorder.database.deadlines import deadline

SOURCE = Path(__file__).resolve().parents[2] / "migrations"

# Any number will do, as long as every deployer takes the same.
LOCK = 7_283_461_905

# What yoyo says of each step is for its own command line.
logging.getLogger("yoyo").setLevel(logging.WARNING)


@functools.cache
def required_migrations() -> tuple[str, ...]:
    """The ids of all migrations that this version of the application needs, in order."""
    names = (path.name for path in SOURCE.glob("*.sql"))
    return tuple(sorted(name.removesuffix(".sql") for name in names if not name.endswith(".rollback.sql")))


def applied_migrations(database_url: str, *, connect_timeout: float = 10) -> set[str]:
    """The ids of the applied migrations, by a connection of its own: it must work before there are any roles.

    Raises psycopg2.Error.
    """
    with deadline(connect_timeout), closing(psycopg2.connect(database_url)) as connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT migration_id FROM _yoyo_migration")
                return {migration_id for (migration_id,) in cursor.fetchall()}
        except psycopg2.errors.UndefinedTable:
            return set()


def pending_migrations(database_url: str) -> list[str]:
    """The ids of the migrations that are needed and not applied, in order. Raises psycopg2.Error."""
    applied = applied_migrations(database_url)
    return [name for name in required_migrations() if name not in applied]


def apply_pending(database_url: str, on_applied: Callable[[str], object] = lambda name: None) -> list[str]:
    """Apply what is not applied yet, and return the ids. Two runs at once: one applies, the other waits for it.

    Raises psycopg2.Error; what was applied before the error stays applied.
    """
    with _one_at_a_time(database_url), get_backend(yoyo_url(database_url)) as backend:
        backend.break_lock()  # we are alone: a row that is there now was left by a run that was killed
        with backend.lock():
            pending: list[Migration] = list(backend.to_apply(read_migrations(str(SOURCE))))
            for migration in pending:
                backend.apply_one(migration)
                on_applied(migration.id)
    return [migration.id for migration in pending]


def yoyo_url(database_url: str) -> str:
    """The URL with the scheme that yoyo knows."""
    return "postgresql://" + database_url.removeprefix("postgresql://").removeprefix("postgres://")


@contextmanager
def _one_at_a_time(database_url: str) -> Iterator[None]:
    """Hold a lock of the session, which is gone with it, however the process ends."""
    connection = psycopg2.connect(database_url, application_name="tableorder migrate")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield
    finally:
        connection.close()
