"""Ending a table's session, for an admin; it is started by the table's login."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.http.authentication import requires_admin
from tableorder.http.context import connect
from tableorder.http.responses import document
from tableorder.repositories.sessions import SessionRepository

blueprint = Blueprint("sessions", __name__)


@blueprint.post("/admin/tables/<id:table_id>/end-session")
@requires_admin
def end_session(admin: AdminIdentity, table_id: int) -> Response:
    with connect(admin.store_id) as connection:
        return document(SessionRepository(connection).end(table_id=table_id))
