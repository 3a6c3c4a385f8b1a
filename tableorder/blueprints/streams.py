"""Tickets for the live feed; the feed itself is served by the stream process (tableorder.stream)."""

from typing import Any

from tableorder.domain.errors import SessionEnded
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.roles import EVERYBODY
from tableorder.http.tokens import claims_of
from tableorder.repositories.tickets import LIFETIME, TicketRepository
from tableorder.schemas.streams import Ticket
from tableorder.web.authentication import bearer, requires_role, requires_table
from tableorder.web.context import connect
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.responses import answers

blueprint = Noun("streams", __name__, heading="Live feeds")


@blueprint.post("/admin/orders/sse/ticket")
@requires_role(*EVERYBODY)
@answers(Ticket, "The ticket", 201)
def add_admin_ticket(admin: AdminIdentity) -> dict[str, Any]:
    """Get a ticket for the store's live feed."""
    with connect(admin.store_id) as connection:
        ticket = TicketRepository(connection).add_for_admin(store_id=admin.store_id, claims=claims_of(bearer()))
    return {"ticket": ticket, "expires_in": LIFETIME}


@blueprint.post("/customer/orders/sse/ticket")
@requires_table
@answers(Ticket, "The ticket", 201)
@may_refuse(SessionEnded)
def add_table_ticket(table: TableIdentity) -> dict[str, Any]:
    """Get a ticket for the table's live feed."""
    with connect(table.store_id) as connection:
        ticket = TicketRepository(connection).add_for_table(table=table, claims=claims_of(bearer()))
    return {"ticket": ticket, "expires_in": LIFETIME}
