"""Ending a table's session, for an admin; it is started by the table's login."""

from typing import Any

from tableorder.domain.errors import NoActiveSession, SessionChanged, TableNotFound
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.roles import FLOOR
from tableorder.repositories.sessions import SessionRepository
from tableorder.schemas.sessions import EndSessionSchema, SessionEnded
from tableorder.web.authentication import requires_role
from tableorder.web.context import writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body, takes_idempotency_key
from tableorder.web.responses import answers

blueprint = Noun("sessions", __name__, heading="Tables and their sessions")


@blueprint.post("/admin/tables/<id:table_id>/end-session")
@requires_role(*FLOOR)
@takes_body(EndSessionSchema, required=False)
@takes_idempotency_key
@answers(SessionEnded, "What the session came to")
@may_refuse(TableNotFound, NoActiveSession, SessionChanged)
def end_session(admin: AdminIdentity, table_id: int, body: dict[str, Any], key: str | None) -> str:
    """End a table's session.

    The guests have left: their orders move to the history. Of several such calls at once, one wins.

    Send the `session_id` that the counter shows: then a call that is sent twice never ends the session of the next
    guests. With an Idempotency-Key a repeat is answered as the first call was.
    """
    with writing(admin.store_id) as connection:
        sessions = SessionRepository(connection)
        return sessions.end(store_id=admin.store_id, table_id=table_id, session_id=body["session_id"], key=key)
