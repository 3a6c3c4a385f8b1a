"""Tickets that open one stream, once, instead of a token in a URL."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from tableorder.database.connection import Connection
from tableorder.domain.limits import MAX_INTEGER

LIFETIME = 30  # seconds


class TicketRepository:
    """The tickets of a store. Only their hashes are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, store_id: int, claims: dict[str, Any]) -> str:
        """A new ticket for whoever the claims are of. It names its store, so that the store can be bound first."""
        ticket = f"{store_id}.{secrets.token_urlsafe(32)}"
        self._connection.fetch_all(
            """
            DELETE FROM stream_tickets WHERE store_id = %(store_id)s AND expires_at < now();

            INSERT INTO stream_tickets (ticket_hash, store_id, claims, expires_at)
            VALUES (%(ticket_hash)s, %(store_id)s, %(claims)s, now() + %(lifetime)s * interval '1 second')
            """,
            {
                "ticket_hash": _hash(ticket),
                "store_id": store_id,
                "claims": json.dumps(claims),
                "lifetime": LIFETIME,
            },
        )
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


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
