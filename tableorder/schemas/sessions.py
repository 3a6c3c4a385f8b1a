"""The end of a session."""

from tableorder.schemas import values
from tableorder.schemas.base import BodySchema
from tableorder.schemas.fields import SessionId


class SessionEnded(values.Document):
    message = values.text()
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()
    total_session_amount = values.won()
    order_count = values.number()


class EndSessionSchema(BodySchema):
    answer = SessionEnded

    session_id = SessionId(load_default=None, allow_none=True)
