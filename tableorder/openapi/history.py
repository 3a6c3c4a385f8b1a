"""A table's ended sessions."""

from marshmallow import fields

from tableorder.domain.orders import DONE
from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Operation
from tableorder.openapi.orders import ARCHIVED
from tableorder.schemas import values
from tableorder.schemas.history import HistoryQuery
from tableorder.schemas.orders import ArchivedOrder


class Archive(values.Document):
    orders = values.list_of(ArchivedOrder)
    session_total = values.won()


class PastSession(values.Document):
    history_id = values.identifier()
    session_id = values.session()
    completed_time = values.moment()
    archived_order_data = fields.Nested(Archive, required=True)


class History(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)
    total_count = values.number("of all pages")
    history = values.list_of(PastSession)


PAST_SESSION = {
    "history_id": 12,
    "session_id": SESSION_ID,
    "completed_time": "2026-02-04T14:45:10.5+09:00",
    "archived_order_data": {"orders": [{**ARCHIVED, "status": DONE}], "session_total": 18000},
}

OPERATIONS = {
    "list_history": Operation(
        "List a table's ended sessions",
        description="Newest first. The days are in the store's time zone (TIME_ZONE), both included.",
        query=HistoryQuery,
        answers={
            200: Answer(
                "A page of the history",
                History,
                {"table_id": 3, "table_number": 3, "total_count": 1, "history": [PAST_SESSION]},
            )
        },
        problems=("table_not_found",),
    ),
}
