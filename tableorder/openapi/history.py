"""Ended sessions, of the whole store and of one table."""

from marshmallow import fields

from tableorder.domain.orders import DONE
from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Operation
from tableorder.openapi.orders import ARCHIVED
from tableorder.schemas import values
from tableorder.schemas.history import OffsetBooksQuery, StoreHistoryQuery
from tableorder.schemas.orders import ArchivedOrder


class Archive(values.Document):
    orders = values.list_of(ArchivedOrder)
    session_total = values.won()


class PastSession(values.Document):
    history_id = values.identifier()
    session_id = values.session()
    table_id = values.identifier()
    table_number = values.past_number("the table's number at that time")
    completed_time = values.moment()
    archived_order_data = fields.Nested(Archive, required=True)


class StoreHistory(values.Document):
    store_id = values.identifier()
    history = values.list_of(PastSession)
    next_cursor = values.next_cursor()


class History(values.Document):
    table_id = values.identifier()
    table_number = values.past_number("the table's number now, or its last one")
    total_count = values.number("of all pages")
    history = values.list_of(PastSession)
    next_cursor = values.next_cursor()


PAST_SESSION = {
    "history_id": 12,
    "session_id": SESSION_ID,
    "table_id": 3,
    "table_number": 3,
    "completed_time": "2026-02-04T14:45:10.5+09:00",
    "archived_order_data": {"orders": [{**ARCHIVED, "status": DONE}], "session_total": 18000},
}

DAYS = "The days are in the store's time zone (TIME_ZONE), both included."
CURSORS = "Follow `next_cursor`: then no entry repeats or is skipped, whatever is added meanwhile."

OPERATIONS = {
    "list_store_history": Operation(
        "List the store's ended sessions",
        description=f"""\
Newest first, those of deleted tables too. `table_number` is the number that a table had at that time. {DAYS}

{CURSORS}""",
        query=StoreHistoryQuery,
        answers={
            200: Answer(
                "A page of the history",
                StoreHistory,
                {"store_id": 1, "history": [PAST_SESSION], "next_cursor": "1770183910500000-12"},
            )
        },
    ),
    "list_history": Operation(
        "List a table's ended sessions",
        description=f"""\
Newest first; also after the table was deleted. {DAYS}

{CURSORS} `offset` counts entries, and each session that ends meanwhile moves them on.""",
        query=OffsetBooksQuery,
        answers={
            200: Answer(
                "A page of the history",
                History,
                {"table_id": 3, "table_number": 3, "total_count": 1, "history": [PAST_SESSION], "next_cursor": None},
            )
        },
        problems=("table_not_found",),
    ),
}
