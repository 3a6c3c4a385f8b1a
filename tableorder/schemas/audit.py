"""The audit log, in pages."""

from marshmallow import fields

from tableorder.schemas import values
from tableorder.schemas.base import QuerySchema
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import QueryInteger


class AuditEntry(values.Document):
    audit_id = values.big_identifier()
    at = values.moment()
    actor = values.text("a username; null: a request without a token", or_null=True)
    role = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "owner, manager, staff, kitchen; operator: by a command or through psql"},
    )
    address = values.text("the client's, or the /64 of IPv6; null of an operator", or_null=True)
    action = values.text("login, logout, account, password, menu_price, void, settings, device, …")
    subject = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "the id of the order, menu, person or table; null: the store or its owner"},
    )
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)

    example = {
        "audit_id": 17,
        "at": "2026-02-04T13:32:00+09:00",
        "actor": "demo",
        "role": "owner",
        "address": "192.0.2.7",
        "action": "menu_price",
        "subject": 4,
        "before": {"menu_name": "김치찌개", "price": 9000},
        "after": {"menu_name": "김치찌개", "price": 9500},
    }


class AuditLog(values.Document):
    store_id = values.identifier()
    audit = values.list_of(AuditEntry)
    next_cursor = values.next_cursor()

    example = {"store_id": 1, "audit": [AuditEntry.example], "next_cursor": None}


class AuditQuery(QuerySchema):
    limit = QueryInteger(most=100, load_default=20)
    cursor = Cursor(load_default=None)
