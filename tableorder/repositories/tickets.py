"""Tickets that open one stream, once, instead of a token in a URL."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from tableorder.database.connection import Connection
from tableorder.domain.errors import SessionEnded
from tableorder.domain.identities import TableIdentity
from tableorder.domain.limits import MAX_INTEGER

LIFETIME = 30  # seconds

# So many unused tickets a session, and a store's admins, may have; a further one takes the oldest one's place.
SESSION_TICKETS = 20
ADMIN_TICKETS = 200

# By the first two statements, of which one finds something, additions for one holder wait for each other, so that each
# counts those before.
ADD = """
SELECT pg_advisory_xact_lock(7283465, %(store_id)s) WHERE %(session_id)s IS NULL;

SELECT FROM table_sessions WHERE session_id = %(session_id)s FOR NO KEY UPDATE;

WITH holder AS (
    SELECT
     WHERE %(session_id)s::uuid IS NULL
        OR EXISTS (SELECT FROM table_sessions
                    WHERE session_id = %(session_id)s AND table_id = %(table_id)s AND is_active)
), surplus AS (
    SELECT ticket_hash
      FROM stream_tickets
     WHERE store_id = %(store_id)s
       AND session_id IS NOT DISTINCT FROM %(session_id)s::uuid
     ORDER BY expires_at DESC
    OFFSET %(most)s - 1
       FOR UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM stream_tickets
     WHERE ticket_hash IN (SELECT ticket_hash FROM surplus)
)
INSERT INTO stream_tickets (ticket_hash, store_id, session_id, claims, expires_at)
SELECT %(ticket_hash)s, %(store_id)s, %(session_id)s, %(claims)s,
       clock_timestamp() + %(lifetime)s * interval '1 second'
  FROM holder
RETURNING true
"""


class TicketRepository:
    """The tickets of a store. Only their hashes are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_for_table(self, *, table: TableIdentity, claims: dict[str, Any]) -> str:
        """A new ticket for the table that the claims are of. Raises SessionEnded."""
        ticket, parameters = _new(table.store_id, claims)
        parameters |= {"session_id": table.session_id, "table_id": table.table_id, "most": SESSION_TICKETS}
        if not self._connection.fetch_value(ADD, parameters):
            raise SessionEnded
        return ticket

    def add_for_admin(self, *, store_id: int, claims: dict[str, Any]) -> str:
        """A new ticket for the admin that the claims are of."""
        ticket, parameters = _new(store_id, claims)
        parameters |= {"session_id": None, "table_id": None, "most": ADMIN_TICKETS}
        self._connection.fetch_value(ADD, parameters)
        return ticket

    def redeem(self, *, ticket: str) -> dict[str, Any] | None:
        """The claims that the ticket stands for, None if it is not valid. It is used up by this."""
        return self._connection.fetch_value(
            "DELETE FROM stream_tickets WHERE ticket_hash = %(ticket_hash)s AND expires_at > now() RETURNING claims",
            {"ticket_hash": _hash(ticket)},
        )


def store_of(ticket: str) -> int | None:
    """The store that a ticket names, if it looks like one at all."""
    store_id, _, rest = ticket.partition(".")
    good = store_id.isascii() and store_id.isdigit() and len(store_id) <= 10 and rest
    return int(store_id) if good and int(store_id) <= MAX_INTEGER else None


def _new(store_id: int, claims: dict[str, Any]) -> tuple[str, dict[str, object]]:
    """A ticket, and what is kept of it. It names its store, so that the store can be bound first."""
    ticket = f"{store_id}.{secrets.token_urlsafe(32)}"
    return ticket, {
        "ticket_hash": _hash(ticket),
        "store_id": store_id,
        "claims": json.dumps(claims),
        "lifetime": LIFETIME,
    }


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
