"""The orders that were voided, for an admin; blueprints/orders.py voids them."""

from typing import Any

from tableorder.domain.identities import AdminIdentity
from tableorder.domain.pages import Page
from tableorder.repositories.voids import VoidRepository
from tableorder.schemas.history import OffsetBooksQuery
from tableorder.schemas.voids import Voids
from tableorder.web.authentication import requires_books
from tableorder.web.context import reading
from tableorder.web.nouns import Noun
from tableorder.web.requests import takes_query
from tableorder.web.responses import answers

blueprint = Noun("voids", __name__, heading="The books")


@blueprint.get("/admin/voids")
@requires_books
@takes_query(OffsetBooksQuery)
@answers(Voids, "A page of the voids")
def list_voids(admin: AdminIdentity, query: dict[str, Any]) -> str:
    """List the voided orders.

    Newest first: who, who approved, when, why, and the order with every line. The days are in the store's time zone
    (TIME_ZONE), both included.

    Follow `next_cursor`: no entry repeats or is skipped, even if others are added. A page of very large
    entries is shorter than `limit`. `offset` counts entries; each order that is voided between two pages shifts them.

    Staff need an approval of `read_books` (`POST /admin/approvals`).
    """
    page = Page.from_query(query)
    with reading(admin.store_id) as connection:
        return VoidRepository(connection).list(store_id=admin.store_id, page=page)
