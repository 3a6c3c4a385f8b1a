"""Tickets for the live feed; the feed itself is served by the stream process (tableorder.stream)."""

from flask import Blueprint, Response

from tableorder.http.authentication import bearer, require_admin, require_table
from tableorder.http.context import connect
from tableorder.http.responses import fields
from tableorder.http.tokens import Bearer, claims_of
from tableorder.repositories.tickets import LIFETIME, TicketRepository

blueprint = Blueprint("streams", __name__)


@blueprint.post("/admin/orders/sse/ticket")
def add_admin_ticket() -> Response:
    admin = bearer()
    require_admin(admin)
    return _add_ticket(admin)


@blueprint.post("/customer/orders/sse/ticket")
def add_table_ticket() -> Response:
    table = bearer()
    require_table(table)
    return _add_ticket(table)


def _add_ticket(bearer: Bearer) -> Response:
    store_id = bearer.identity.store_id
    with connect(store_id) as connection:
        ticket = TicketRepository(connection).add(store_id=store_id, claims=claims_of(bearer))
    return fields({"ticket": ticket, "expires_in": LIFETIME}, 201)
