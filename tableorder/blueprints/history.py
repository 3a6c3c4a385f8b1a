"""Ended sessions, of the whole store and of one table, for an admin."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.domain.pages import Page
from tableorder.http.authentication import requires_admin
from tableorder.http.context import read
from tableorder.http.requests import read_query
from tableorder.http.responses import document
from tableorder.repositories.history import HistoryRepository
from tableorder.schemas.history import OffsetBooksQuery, StoreHistoryQuery

blueprint = Blueprint("history", __name__)


@blueprint.get("/admin/history")
@requires_admin
def list_store_history(admin: AdminIdentity) -> Response:
    query = read_query(StoreHistoryQuery)
    page = Page.from_query(query)
    return document(
        read(
            admin.store_id,
            lambda connection: HistoryRepository(connection).list_of_store(
                store_id=admin.store_id, table_number=query["table_number"], page=page
            ),
        )
    )


@blueprint.get("/admin/tables/<id:table_id>/history")
@requires_admin
def list_history(admin: AdminIdentity, table_id: int) -> Response:
    page = Page.from_query(read_query(OffsetBooksQuery))
    return document(
        read(
            admin.store_id,
            lambda connection: HistoryRepository(connection).list_of_table(
                store_id=admin.store_id, table_id=table_id, page=page
            ),
        )
    )
