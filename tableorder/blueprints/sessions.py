"""Ending a table's session, for an admin; it is started by the table's login."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.http.authentication import requires_admin
from tableorder.http.context import connect
from tableorder.http.requests import read_idempotency_key, read_optional_body
from tableorder.http.responses import document
from tableorder.repositories.sessions import SessionRepository
from tableorder.schemas.sessions import EndSessionSchema

blueprint = Blueprint("sessions", __name__)


@blueprint.post("/admin/tables/<id:table_id>/end-session")
@requires_admin
def end_session(admin: AdminIdentity, table_id: int) -> Response:
    session_id = read_optional_body(EndSessionSchema)["session_id"]
    key = read_idempotency_key()
    with connect(admin.store_id) as connection:
        return document(
            SessionRepository(connection).end(
                store_id=admin.store_id, table_id=table_id, session_id=session_id, key=key
            )
        )
