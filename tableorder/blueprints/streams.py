"""Tickets for the live feed; the feed itself is served by the stream process (tableorder.stream)."""

from flask import Blueprint, Response

from tableorder.http.authentication import bearer, require_admin, require_table
from tableorder.http.context import connect
from tableorder.http.responses import fields
from tableorder.http.tokens import claims_of
from tableorder.repositories.tickets import LIFETIME, TicketRepository

blueprint = Blueprint("streams", __name__)


@blueprint.post("/admin/orders/sse/ticket")
def add_admin_ticket() -> Response:
    sender = bearer()
    admin = require_admin(sender)
    with connect(admin.store_id) as connection:
        tickets = TicketRepository(connection)
        return _answer(tickets.add_for_admin(store_id=admin.store_id, claims=claims_of(sender)))


@blueprint.post("/customer/orders/sse/ticket")
def add_table_ticket() -> Response:
    sender = bearer()
    table = require_table(sender)
    with connect(table.store_id) as connection:
        return _answer(TicketRepository(connection).add_for_table(table=table, claims=claims_of(sender)))


def _answer(ticket: str) -> Response:
    return fields({"ticket": ticket, "expires_in": LIFETIME}, 201)
