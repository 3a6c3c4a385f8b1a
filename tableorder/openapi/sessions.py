"""Ending a table's session; the table's login starts it."""

from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Body, Operation
from tableorder.schemas.sessions import EndSessionSchema, SessionEnded

OPERATIONS = {
    "end_session": Operation(
        "End a table's session",
        description="""\
The guests have left: their orders move to the history. Of several such calls at once, one wins.

Send the `session_id` that the counter shows: then a call that is sent twice never ends the session of the next guests.
With an Idempotency-Key a repeat is answered as the first call was.""",
        headers=("Idempotency-Key",),
        body=Body(EndSessionSchema, {"the session shown": {"session_id": SESSION_ID}}, required=False),
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
        problems=(
            "idempotency_key_invalid",
            "table_not_found",
            "no_active_session",
            "session_changed",
            "idempotency_key_reused",
        ),
    ),
}
