"""The part of the operator's checklist about PostgreSQL itself: one question, one line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from tableorder.database.connection import Connection
from tableorder.management.reasons import FORESEEN, reason

logger = logging.getLogger(__name__)

OK, WARNING, FAILED = "ok", "warning", "failed"

HOUR = 3600.0  # seconds
MAX_OVERDUE = HOUR  # seconds that a row may be there past its time
MAX_IDLE = 60.0  # seconds that a transaction may be idle
MAX_WAIT = 3.0  # seconds that a commit waits for a standby
MAX_KEPT = 1e9  # bytes of the write-ahead log that a slot keeps though nobody reads it
MANY_USED, MOST_USED = 0.75, 0.95  # of a sequence
OLD_AGE, OLDEST_AGE = 500_000_000, 1_500_000_000  # transactions; at two thousand million PostgreSQL stops

POWERS = """
SELECT DISTINCT member.rolname || CASE
           WHEN role.rolname <> member.rolname THEN ' may become ' || role.rolname
           WHEN role.rolsuper THEN ' is a superuser'
           WHEN role.rolbypassrls THEN ' has BYPASSRLS'
           WHEN role.rolcreaterole THEN ' has CREATEROLE'
           ELSE ' owns the tables'
       END
  FROM pg_roles AS member
  JOIN pg_roles AS role ON pg_has_role(member.oid, role.oid, 'MEMBER')
 WHERE (   member.rolname = 'tableorder'
        OR member.oid IN (
               SELECT usesysid
                 FROM pg_stat_activity
                WHERE datname = current_database() AND application_name IN ('tableorder', 'tableorder stream')))
   AND (NOT member.rolsuper OR role.oid = member.oid)
   AND (   role.rolsuper
        OR role.rolbypassrls
        OR role.rolcreaterole
        OR role.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
        OR EXISTS (SELECT FROM pg_class WHERE relowner = role.oid AND relrowsecurity))
 ORDER BY 1
"""

UNGUARDED = """
SELECT relname::text
  FROM pg_class
  JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'store_id' AND NOT attisdropped
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relrowsecurity
 ORDER BY relname
"""

SEQUENCES = """
SELECT sequencename::text, max_value - COALESCE(last_value, min_value),
       (COALESCE(last_value, min_value) - min_value)::float / (max_value - min_value)
  FROM pg_sequences
 WHERE schemaname = 'public'
 ORDER BY 3 DESC, 1
"""

COMMITS = """
SELECT current_setting('synchronous_standby_names'),
       (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming'),
       (SELECT count(*)
          FROM pg_stat_activity
         WHERE wait_event = 'SyncRep' AND clock_timestamp() - query_start > make_interval(secs => %(longest)s))
"""

SLOTS = """
SELECT slot_name::text, active, COALESCE(wal_status IN ('unreserved', 'lost'), false),
       COALESCE(
           CASE
               WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), restart_lsn)
               ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)
           END,
           0)::float
  FROM pg_replication_slots
 ORDER BY slot_name
"""

TRANSACTIONS = """
SELECT (SELECT count(*)
          FROM pg_stat_activity
         WHERE clock_timestamp() - xact_start > make_interval(secs => %(longest)s)
           AND backend_type = 'client backend'
           AND pid <> pg_backend_pid()),
       (SELECT count(*)
          FROM pg_stat_activity
         WHERE state LIKE 'idle in transaction%%'
           AND clock_timestamp() - state_change > make_interval(secs => %(longest_idle)s)),
       (SELECT count(*) FROM pg_prepared_xacts WHERE clock_timestamp() - prepared > make_interval(secs => %(longest)s))
"""

AGE = """
SELECT datname::text, greatest(age(datfrozenxid), mxid_age(datminmxid))
  FROM pg_database
 ORDER BY 2 DESC
 LIMIT 1
"""

# The oldest row of each table of which one index tells whether it is due.
OVERDUE = """
SELECT name, extract(epoch FROM now() - due)::float
  FROM (SELECT 'events', min(created_at) + make_interval(secs => %(event_retention)s) FROM events
         UNION ALL
        SELECT 'idempotency_keys', min(created_at) + interval '1 day' FROM idempotency_keys
         UNION ALL
        SELECT 'admin_keys', min(created_at) + interval '1 day' FROM admin_keys
         UNION ALL
        SELECT 'stream_tickets', min(expires_at) FROM stream_tickets
         UNION ALL
        SELECT 'failed_logins', min(last_failed_at) + make_interval(secs => %(login_window)s) FROM failed_logins
         UNION ALL
        SELECT 'familiar_addresses', min(last_login_at) + interval '30 days' FROM familiar_addresses
         UNION ALL
        SELECT 'approvals', min(expires_at) FROM approvals
         UNION ALL
        SELECT 'audit_log', min(at) + make_interval(days => %(audit_days)s) FROM audit_log
       ) AS oldest (name, due)
 WHERE due < now() - make_interval(secs => %(longest)s)
 ORDER BY due, name
 LIMIT 1
"""

COLLATION = """
SELECT datcollate::text, COALESCE(datcollversion, 'none'), COALESCE(pg_database_collation_actual_version(oid), 'none')
  FROM pg_database
 WHERE datname = current_database()
"""


Answer = tuple[str, str]  # an item's status, and what it says


@dataclass(frozen=True)
class Finding:
    """One line of the list."""

    item: str
    status: str
    detail: str


def find(item: str, look: Callable[..., Answer], *arguments: object) -> Finding:
    """The finding of an item. If the look fails, that is the item's failure; the other items are still looked at."""
    try:
        return Finding(item, *look(*arguments))
    except FORESEEN as error:
        return Finding(item, FAILED, f"cannot tell: {reason(error)}")
    except Exception as error:
        logger.exception("%s", item)  # where in the program, for those who mend it
        return Finding(item, FAILED, f"cannot tell: {reason(error)}")


def isolation(connection: Connection) -> Answer:
    """Check that row-level security binds the application's role, and the roles that are connected for it."""
    faults = [power for (power,) in connection.fetch_all(POWERS)]
    faults += [f"{table} has no row-level security" for (table,) in connection.fetch_all(UNGUARDED)]
    if faults:
        return FAILED, f"{'; '.join(faults)}: the stores are not kept apart"
    return OK, "row-level security binds the application's role"


def encoding(connection: Connection) -> Answer:
    """Check that the database can hold every text."""
    found = connection.fetch_value("SHOW server_encoding")
    return OK if found == "UTF8" else FAILED, f"{found}; UTF8 is needed"


def collation(connection: Connection) -> Answer:
    """Check that the indexes of texts have the order of the system's present collation."""
    if int(connection.fetch_value("SHOW server_version_num")) < 150_000:
        return OK, "this server keeps no version of it"
    name, made, now = connection.fetch_one(COLLATION)
    if made == now:
        return OK, f"{name}, version {now}"
    remedy = "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION"
    return FAILED, f"{name} was version {made} and is {now}: indexes may be wrong; {remedy}"


def sequences(connection: Connection) -> Answer:
    """Show the numbers that each sequence has left."""
    found = connection.fetch_all(SEQUENCES)
    most = max((used for _, _, used in found), default=0.0)
    status = FAILED if most >= MOST_USED else WARNING if most >= MANY_USED else OK
    return status, "; ".join(f"{name} {left:,} left" for name, left, _ in found) or "none"


def commits(connection: Connection, longest: float = MAX_WAIT) -> Answer:
    """Check that no commit waits for a standby that does not confirm it."""
    names, receivers, waiting = connection.fetch_one(COMMITS, {"longest": longest})
    if not names:
        return OK, "wait for no standby"
    if not receivers:
        return FAILED, f"each waits for a standby of {names!r}, and none is connected"
    if waiting:
        return FAILED, f"{waiting} wait for a standby of {names!r}, which does not confirm them"
    return OK, f"confirmed by {receivers} of {names!r}"


def slots(connection: Connection) -> Answer:
    """Look for replication slots that keep the log and have no reader."""
    found = connection.fetch_all(SLOTS)
    unread = [f"{name} is not read and keeps {kept / 1e6:.0f} MB" for name, active, _, kept in found if not active]
    lost = [f"{name} has lost what it was to keep" for name, _, is_lost, _ in found if is_lost]
    status = WARNING if unread else OK
    if lost or any(not active and kept > MAX_KEPT for _, active, _, kept in found):
        status = FAILED
    return status, "; ".join(unread + lost) or f"{len(found)}, each of them read"


def transactions(connection: Connection, longest: float = HOUR, longest_idle: float = MAX_IDLE) -> Answer:
    """Look for transactions that stay open: meanwhile VACUUM can remove nothing."""
    long, idle, prepared = connection.fetch_one(TRANSACTIONS, {"longest": longest, "longest_idle": longest_idle})
    faults = [f"{long} older than {longest / 60:.0f} minutes"] if long else []
    faults += [f"{idle} idle for more than {longest_idle:.0f} s"] if idle else []
    faults += [f"{prepared} prepared and left"] if prepared else []
    return WARNING if faults else OK, "; ".join(faults) or "none is old or idle"


def wraparound(connection: Connection) -> Answer:
    """Show how far VACUUM is behind, in the database where it is furthest behind."""
    database, age = connection.fetch_one(AGE)
    return status_of_age(age), f"{age:,} transactions since {database} was frozen"


def housekeeping(
    connection: Connection, event_retention: float, login_window: int, audit_days: int, longest: float = MAX_OVERDUE
) -> Answer:
    """Look for rows that housekeeping should have removed."""
    ages = {"event_retention": event_retention, "login_window": login_window, "audit_days": audit_days}
    overdue = connection.find_one(OVERDUE, {**ages, "longest": longest})
    if overdue is None:
        return OK, "no row is overdue"
    table, seconds = overdue
    detail = (
        f"has not run: {table} has a row that was due {seconds / HOUR:.0f} hours ago; the live feed's process does it"
    )
    return WARNING, detail


def status_of_age(age: int) -> str:
    """The status of a database that was frozen so many transactions ago."""
    return FAILED if age >= OLDEST_AGE else WARNING if age >= OLD_AGE else OK


OF_SERVER: dict[str, Callable[[Connection], Answer]] = {
    "isolation": isolation,
    "encoding": encoding,
    "collation": collation,
    "sequences": sequences,
    "commits": commits,
    "replication slots": slots,
    "transactions": transactions,
    "wraparound": wraparound,
}
