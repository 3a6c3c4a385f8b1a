"""Ending a table's session; the table's login starts it."""

from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Operation
from tableorder.schemas import values


class SessionEnded(values.Document):
    message = values.text()
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()
    total_session_amount = values.won()
    order_count = values.number()


OPERATIONS = {
    "end_session": Operation(
        "End a table's session",
        description="The guests have left: their orders move to the history. Of several such calls at once, one wins.",
        answers={
            200: Answer(
                "What the session came to",
                SessionEnded,
                {
                    "message": "the session is over",
                    "table_id": 3,
                    "table_number": 3,
                    "session_id": SESSION_ID,
                    "total_session_amount": 18000,
                    "order_count": 1,
                },
            )
        },
        problems=("table_not_found", "no_active_session"),
    ),
}
