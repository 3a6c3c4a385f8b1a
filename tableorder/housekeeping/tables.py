"""The removal of old rows, a function per table. A call removes `at_most` rows; one process at a time does it.

Each function returns the number of rows that it removed, or None if another process is at it.
"""

from __future__ import annotations

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements

_SQL = load_statements(__file__)


def prune_events(connection: Connection, at_most: int, *, older_than: float) -> int | None:
    """Remove events that are older than so many seconds."""
    return _prune(connection, "prune_events", at_most, older_than=older_than)


def prune_idempotency_keys(connection: Connection, at_most: int) -> int | None:
    """Remove the keys of orders that were placed more than a day ago."""
    return _prune(connection, "prune_idempotency_keys", at_most)


def prune_admin_keys(connection: Connection, at_most: int) -> int | None:
    """Remove the keys of admins' requests that are more than a day old."""
    return _prune(connection, "prune_admin_keys", at_most)


def prune_table_sessions(connection: Connection, at_most: int) -> int | None:
    """Remove sessions that ended more than a day ago and are in the history."""
    return _prune(connection, "prune_table_sessions", at_most)


def prune_menus(connection: Connection, at_most: int) -> int | None:
    """Remove menus that were retired more than a day ago, except menus of live orders."""
    return _prune(connection, "prune_menus", at_most)


def prune_pictures(connection: Connection, at_most: int) -> int | None:
    """Remove pictures that no menu has shown for a day."""
    return _prune(connection, "prune_pictures", at_most)


def prune_options(connection: Connection, at_most: int) -> int | None:
    """Remove options that were retired more than a day ago."""
    return _prune(connection, "prune_options", at_most)


def prune_option_groups(connection: Connection, at_most: int) -> int | None:
    """Remove option groups that were retired more than a day ago."""
    return _prune(connection, "prune_option_groups", at_most)


def prune_stream_tickets(connection: Connection, at_most: int) -> int | None:
    """Remove tickets that have expired."""
    return _prune(connection, "prune_stream_tickets", at_most)


def prune_enrolments(connection: Connection, at_most: int) -> int | None:
    """Remove codes that have expired."""
    return _prune(connection, "prune_enrolments", at_most)


def prune_failed_logins(connection: Connection, at_most: int, *, window: int) -> int | None:
    """Remove the counts whose latest failure is older than `window` seconds."""
    return _prune(connection, "prune_failed_logins", at_most, window=window)


def prune_familiar_addresses(connection: Connection, at_most: int) -> int | None:
    """Remove addresses without a login for 30 days."""
    return _prune(connection, "prune_familiar_addresses", at_most)


def prune_approvals(connection: Connection, at_most: int) -> int | None:
    """Remove approvals that have expired."""
    return _prune(connection, "prune_approvals", at_most)


def prune_audit_log(connection: Connection, at_most: int, *, older_than: int) -> int | None:
    """Remove entries that are older than so many days, 30 at least."""
    return _prune(connection, "prune_audit_log", at_most, older_than=older_than)


def _prune(connection: Connection, statement: str, at_most: int, **ages: float) -> int | None:
    removed: int | None = connection.fetch_value(_SQL[statement], {"at_most": at_most, **ages})
    return removed
