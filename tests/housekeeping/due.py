"""Rows that are due to go, and rows that nearly are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from psycopg2.extensions import connection as Psycopg2Connection

from tableorder.housekeeping import tables
from tableorder.housekeeping.runner import Prune
from tests.factories import query

RETENTION = 86_400.0  # of events
WINDOW = 300  # of failed logins
AUDIT_DAYS = 365


@dataclass(frozen=True)
class Kept:
    """How long a table keeps its rows.

    `past` and `not_yet`: ages just beyond the bound and just within it. `add`: inserts `count` rows of that age, with
    nothing else that would keep them; `order_by`: the column of the age.
    """

    prune: Prune
    not_yet: str
    past: str
    order_by: str
    add: str


DAY = ("23 hours 59 minutes", "24 hours 1 minute")

KEPT = {
    "events": Kept(
        partial(tables.prune_events, older_than=RETENTION),
        *DAY,
        "created_at",
        """
        INSERT INTO events (store_id, event_type, event_data, created_at)
        SELECT 7, 'menu_changed', '{}', now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "idempotency_keys": Kept(
        tables.prune_idempotency_keys,
        *DAY,
        "created_at",
        """
        INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer, created_at)
        SELECT gen_random_uuid(), 'key', 7, '', '{}', now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "admin_keys": Kept(
        tables.prune_admin_keys,
        *DAY,
        "created_at",
        """
        INSERT INTO admin_keys (store_id, action, subject_id, idempotency_key, request_hash, answer, created_at)
        SELECT 7, 'end_session', 1, gen_random_uuid()::text, '', '{}', now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "table_sessions": Kept(
        tables.prune_table_sessions,
        *DAY,
        "end_time",
        """
        WITH ended AS (
            INSERT INTO table_sessions (table_id, store_id, is_active, start_time, end_time)
            SELECT (SELECT table_id FROM tables WHERE store_id = 7), 7, false, now() - interval '7 days',
                   now() - %(age)s::interval - n * interval '1 us'
              FROM generate_series(1, %(count)s) AS n
            RETURNING session_id, table_id, end_time
        )
        INSERT INTO order_history (session_id, table_id, store_id, table_number, completed_time, archived_order_data)
        SELECT session_id, table_id, 7, 1, end_time, '{"orders": [], "session_total": 0}' FROM ended
        """,
    ),
    "menus": Kept(
        tables.prune_menus,
        *DAY,
        "deleted_at",
        """
        INSERT INTO menus (store_id, category_id, menu_name, price, deleted_at)
        SELECT 7, (SELECT category_id FROM categories WHERE store_id = 7), '김치찌개', 9000,
               now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "pictures": Kept(
        tables.prune_pictures,
        *DAY,
        "unused_since",
        """
        INSERT INTO pictures (store_id, sha256, webp, unused_since)
        SELECT 7, sha256(drawn.webp), drawn.webp, now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n,
               LATERAL (SELECT (n || gen_random_uuid()::text)::bytea AS webp) AS drawn
        """,
    ),
    "options": Kept(
        tables.prune_options,
        *DAY,
        "deleted_at",
        """
        INSERT INTO options (store_id, group_id, option_name, deleted_at)
        SELECT 7, (SELECT min(group_id) FROM option_groups WHERE store_id = 7), '곱빼기',
               now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "option_groups": Kept(
        tables.prune_option_groups,
        *DAY,
        "deleted_at",
        """
        INSERT INTO option_groups (store_id, group_name, deleted_at)
        SELECT 7, '사이즈', now() - %(age)s::interval - n * interval '1 us' FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "stream_tickets": Kept(
        tables.prune_stream_tickets,
        "-20 seconds",
        "1 second",
        "expires_at",
        """
        INSERT INTO stream_tickets (ticket_hash, store_id, claims, expires_at)
        SELECT sha256(gen_random_uuid()::text::bytea), 7, '{}', now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "enrolments": Kept(
        tables.prune_enrolments,
        "-20 seconds",
        "1 second",
        "expires_at",
        """
        INSERT INTO enrolments (code_hash, store_id, table_id, expires_at)
        SELECT sha256(gen_random_uuid()::text::bytea), 7, (SELECT min(table_id) FROM tables WHERE store_id = 7),
               now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "failed_logins": Kept(
        partial(tables.prune_failed_logins, window=WINDOW),
        "280 seconds",
        "301 seconds",
        "last_failed_at",
        """
        INSERT INTO failed_logins (kind, account_id, address, failed_at, last_failed_at)
        SELECT 'unknown', (random() * 1e18)::bigint, '', ARRAY[failed.at], failed.at
          FROM generate_series(1, %(count)s) AS n,
               LATERAL (SELECT now() - %(age)s::interval - n * interval '1 us' AS at) AS failed
        """,
    ),
    "familiar_addresses": Kept(
        tables.prune_familiar_addresses,
        "29 days 23 hours 59 minutes",
        "30 days 1 minute",
        "last_login_at",
        """
        INSERT INTO familiar_addresses (kind, account_id, address, last_login_at)
        SELECT 'table', (random() * 1e18)::bigint, '', now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "approvals": Kept(
        tables.prune_approvals,
        "-20 seconds",
        "1 second",
        "expires_at",
        """
        INSERT INTO approvals (token_hash, store_id, action, approved_by, token_epoch, expires_at)
        SELECT sha256(gen_random_uuid()::text::bytea), 7, 'read_books', '사장', 1,
               now() - %(age)s::interval - n * interval '1 us'
          FROM generate_series(1, %(count)s) AS n
        """,
    ),
    "audit_log": Kept(
        partial(tables.prune_audit_log, older_than=AUDIT_DAYS),
        "364 days 23 hours 59 minutes",
        "365 days 1 minute",
        "at",
        """
        INSERT INTO audit_log (store_id, action, at)
        SELECT 7, 'login', now() - %(age)s::interval - n * interval '1 us' FROM generate_series(1, %(count)s) AS n
        """,
    ),
}

# Nothing in the tables is due before a test adds it.
FRESH = """
UPDATE failed_logins SET last_failed_at = now();
UPDATE familiar_addresses SET last_login_at = now();
UPDATE stream_tickets SET expires_at = now() + interval '1 day';
UPDATE enrolments SET expires_at = now() + interval '1 day'
"""


def add(connection: Psycopg2Connection, table: str, age: str, count: int = 1) -> None:
    """Add rows of an age to a table."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT[table].add, {"age": age, "count": count})


def ages(connection: Psycopg2Connection, table: str) -> list[object]:
    """The times of the rows that have one, oldest first."""
    column = KEPT[table].order_by
    rows = query(connection, f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {column}")
    return [at for (at,) in rows]
