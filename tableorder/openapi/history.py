"""The books: ended sessions and voided orders."""

from marshmallow import fields

from tableorder.domain.orders import DONE
from tableorder.openapi import values
from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Operation
from tableorder.openapi.orders import ARCHIVED, ORDER, ArchivedOrder, Order
from tableorder.schemas.history import HistoryQuery, PageQuery


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


class Void(values.Document):
    void_id = values.identifier()
    order_id = values.identifier()
    session_id = values.session()
    table_id = values.identifier()
    table_number = values.number(least=1)
    voided_at = values.moment()
    voided_by = values.text("the admin's username")
    reason = values.text(or_null=True)
    order = fields.Nested(Order, required=True)


class Voids(values.Document):
    store_id = values.identifier()
    total_count = values.number("of all pages")
    voids = values.list_of(Void)


PAST_SESSION = {
    "history_id": 12,
    "session_id": SESSION_ID,
    "completed_time": "2026-02-04T14:45:10.5+09:00",
    "archived_order_data": {"orders": [{**ARCHIVED, "status": DONE}], "session_total": 18000},
}
VOID = {
    "void_id": 5,
    "order_id": 31,
    "session_id": SESSION_ID,
    "table_id": 3,
    "table_number": 3,
    "voided_at": "2026-02-04T13:32:00+09:00",
    "voided_by": "demo",
    "reason": "주문 실수",
    "order": ORDER,
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
    "list_voids": Operation(
        "List the voided orders",
        description="Newest first: who, when, why, and the order with every line.",
        query=PageQuery,
        answers={200: Answer("A page of the voids", Voids, {"store_id": 1, "total_count": 1, "voids": [VOID]})},
    ),
}
