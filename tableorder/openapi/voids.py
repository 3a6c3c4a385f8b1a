"""Voided orders."""

from marshmallow import fields

from tableorder.openapi.history import CURSORS, DAYS
from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Operation
from tableorder.openapi.orders import ORDER
from tableorder.schemas import values
from tableorder.schemas.history import OffsetBooksQuery
from tableorder.schemas.orders import Order


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
    next_cursor = values.next_cursor()


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
    "list_voids": Operation(
        "List the voided orders",
        description=f"""\
Newest first: who, when, why, and the order with every line. {DAYS}

{CURSORS} `offset` counts entries, and each order that is voided meanwhile moves them on.""",
        query=OffsetBooksQuery,
        answers={
            200: Answer(
                "A page of the voids",
                Voids,
                {"store_id": 1, "total_count": 1, "voids": [VOID], "next_cursor": None},
            )
        },
    ),
}
