"""A table's ended sessions, for an admin."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.http.authentication import requires_admin
from tableorder.http.context import read
from tableorder.http.requests import read_query
from tableorder.http.responses import document
from tableorder.repositories.history import HistoryRepository
from tableorder.schemas.history import HistoryQuery

blueprint = Blueprint("history", __name__)


@blueprint.get("/admin/tables/<id:table_id>/history")
@requires_admin
def list_history(admin: AdminIdentity, table_id: int) -> Response:
    query = read_query(HistoryQuery)
    return document(
        read(
            admin.store_id,
            lambda connection: HistoryRepository(connection).list(
                table_id=table_id,
                start=query["start_date"],
                end=query["end_date"],
                limit=query["limit"],
                offset=query["offset"],
            ),
        )
    )
