"""The end of a session."""

from tableorder.schemas.base import BodySchema
from tableorder.schemas.fields import SessionId


class EndSessionSchema(BodySchema):
    session_id = SessionId(load_default=None, allow_none=True)
