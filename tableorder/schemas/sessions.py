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

    example = {
        "message": "the session is over",
        "table_id": 3,
        "table_number": 3,
        "session_id": values.SESSION_ID,
        "total_session_amount": 18000,
        "order_count": 1,
    }


class EndSessionSchema(BodySchema):
    answer = SessionEnded
    examples = {"the session shown": {"session_id": values.SESSION_ID}}

    session_id = SessionId(load_default=None, allow_none=True)
