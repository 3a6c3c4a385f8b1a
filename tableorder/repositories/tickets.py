"""Tickets that open one stream, once, instead of a token in a URL."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import SessionEnded
from tableorder.domain.identities import TableIdentity
from tableorder.domain.limits import MAX_INTEGER

_SQL = load_statements(__file__)

LIFETIME = 30  # seconds

# So many unused tickets a session, and a store's admins, may have; a further one takes the oldest one's place.
SESSION_TICKETS = 20
ADMIN_TICKETS = 200


class TicketRepository:
    """The tickets of a store. Only their hashes are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_for_table(self, *, table: TableIdentity, claims: dict[str, Any]) -> str:
        """A new ticket for the table that the claims are of. Raises SessionEnded."""
        ticket, parameters = _new(table.store_id, claims)
        parameters |= {"session_id": table.session_id, "table_id": table.table_id, "most": SESSION_TICKETS}
        if not self._connection.fetch_value(_SQL["add_ticket"], parameters):
            raise SessionEnded
        return ticket

    def add_for_admin(self, *, store_id: int, claims: dict[str, Any]) -> str:
        """A new ticket for the admin that the claims are of."""
        ticket, parameters = _new(store_id, claims)
        parameters |= {"session_id": None, "table_id": None, "most": ADMIN_TICKETS}
        self._connection.fetch_value(_SQL["add_ticket"], parameters)
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
