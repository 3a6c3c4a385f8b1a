"""The books, in pages: the voided orders."""

from marshmallow import fields

from tableorder.domain.orders import STATUSES
from tableorder.schemas import values
from tableorder.schemas.orders import Order, VoidedLine


class Void(values.Document):
    void_id = values.identifier()
    kind = values.one_of("order", "lines")
    order_id = values.big_identifier()
    session_id = values.session()
    table_id = values.identifier()
    table_number = values.number(least=1)
    voided_at = values.moment()
    voided_by = values.text("the admin's username")
    approved_by = values.text("the owner or manager who approved; null if nobody had to", or_null=True)
    reason = values.text(or_null=True)
    status = values.one_of(*STATUSES)
    lines = values.list_of(VoidedLine)
    order = fields.Nested(Order, required=True)

    example = {
        "void_id": 5,
        "kind": "order",
        "order_id": 31,
        "session_id": values.SESSION_ID,
        "table_id": 3,
        "table_number": 3,
        "voided_at": "2026-02-04T13:32:00+09:00",
        "voided_by": "demo",
        "approved_by": None,
        "reason": "주문 실수",
        "status": "대기중",
        "lines": [VoidedLine.example],
        "order": Order.example,
    }


class Voids(values.Document):
    store_id = values.identifier()
    total_count = values.number("of all pages")
    voids = values.list_of(Void)
    next_cursor = values.next_cursor()

    example = {"store_id": 1, "total_count": 1, "voids": [Void.example], "next_cursor": None}
