"""Ended sessions, of the whole store and of one table, for an admin."""

from typing import Any

from tableorder.domain.errors import TableNotFound
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.pages import Page
from tableorder.repositories.history import HistoryRepository
from tableorder.schemas.history import History, OffsetBooksQuery, StoreHistory, StoreHistoryQuery
from tableorder.web.authentication import requires_books
from tableorder.web.context import reading
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_query
from tableorder.web.responses import answers

blueprint = Noun("history", __name__, heading="The books")


@blueprint.get("/admin/history")
@requires_books
@takes_query(StoreHistoryQuery)
@answers(StoreHistory, "A page of the history")
def list_store_history(admin: AdminIdentity, query: dict[str, Any]) -> str:
    """List the store's ended sessions.

    Newest first, those of deleted tables too. `table_number` is the number that a table had at that time. The days are
    in the store's time zone (TIME_ZONE), both included.

    Follow `next_cursor`: no entry repeats or is skipped, even if others are added. A page of very large
    entries is shorter than `limit`.

    Staff need an approval of `read_books` (`POST /admin/approvals`).
    """
    page, number = Page.from_query(query), query["table_number"]
    with reading(admin.store_id) as connection:
        return HistoryRepository(connection).list_of_store(store_id=admin.store_id, table_number=number, page=page)


@blueprint.get("/admin/tables/<id:table_id>/history")
@requires_books
@takes_query(OffsetBooksQuery)
@answers(History, "A page of the history")
@may_refuse(TableNotFound)
def list_history(admin: AdminIdentity, table_id: int, query: dict[str, Any]) -> str:
    """List a table's ended sessions.

    Newest first; also after the table was deleted. The days are in the store's time zone (TIME_ZONE), both included.

    Follow `next_cursor`: no entry repeats or is skipped, even if others are added. A page of very large
    entries is shorter than `limit`. `offset` counts entries; each session that ends between two pages shifts them.

    Staff need an approval of `read_books` (`POST /admin/approvals`).
    """
    page = Page.from_query(query)
    with reading(admin.store_id) as connection:
        return HistoryRepository(connection).list_of_table(store_id=admin.store_id, table_id=table_id, page=page)
