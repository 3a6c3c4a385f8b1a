"""Housekeeping, a round at a time; the stream process runs it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from tableorder.database.connection import Connection, Database
from tableorder.domain.errors import Unavailable
from tableorder.housekeeping import tables

logger = logging.getLogger(__name__)

BATCH = 1000  # rows that a transaction removes at most

Prune = Callable[[Connection, int], int | None]


class Housekeeper:
    """Removes what is old from each table.

    Events are kept for `event_retention` seconds, entries of the audit log for `audit_days` days; failed logins count
    for `login_window` seconds. `on_pruned` is called with the table and the number of rows after each transaction. A
    round ends early when `is_closing` says so.
    """

    def __init__(
        self,
        database: Database,
        *,
        event_retention: float,
        login_window: int,
        audit_days: int,
        on_pruned: Callable[[str, int], None],
        is_closing: Callable[[], bool],
    ) -> None:
        self._database = database
        self._on_pruned = on_pruned
        self._is_closing = is_closing
        self._prunes: dict[str, Prune] = {
            "events": partial(tables.prune_events, older_than=event_retention),
            "idempotency_keys": tables.prune_idempotency_keys,
            "admin_keys": tables.prune_admin_keys,
            "table_sessions": tables.prune_table_sessions,
            "menus": tables.prune_menus,
            "pictures": tables.prune_pictures,
            "options": tables.prune_options,
            "option_groups": tables.prune_option_groups,
            "stream_tickets": tables.prune_stream_tickets,
            "enrolments": tables.prune_enrolments,
            "failed_logins": partial(tables.prune_failed_logins, window=login_window),
            "familiar_addresses": tables.prune_familiar_addresses,
            "approvals": tables.prune_approvals,
            "audit_log": partial(tables.prune_audit_log, older_than=audit_days),
        }

    def run(self) -> None:
        """Do a round: a batch of each table in turn, until none has more. An error ends the turn of its table."""
        waiting = list(self._prunes)
        while waiting:
            waiting = [table for table in waiting if not self._is_closing() and self._prune(table) == BATCH]

    def _prune(self, table: str) -> int:
        try:
            with self._database.connect(None) as connection:
                removed = self._prunes[table](connection, BATCH)
        except Unavailable as error:
            logger.warning("housekeeping leaves %s for later: %s", table, error)
            return 0
        except Exception:
            logger.exception("housekeeping of %s failed", table)
            return 0
        if removed is None:  # another process is at it
            return 0
        self._on_pruned(table, removed)
        return removed
