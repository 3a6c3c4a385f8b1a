"""Guests call the staff, and an admin says what they can ask for."""

from typing import Any, ClassVar

from marshmallow import fields, validate

from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, QuerySchema, changes_of
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import (
    Boolean,
    Integer,
    Language,
    OptionalText,
    QueryBoolean,
    QueryInteger,
    Text,
    Translations,
)

MAX_LABEL = 30  # characters
MAX_QUANTITY = 99
MAX_ITEMS = 20  # of one request


class GuestCallItem(values.Displayed):
    call_item_id = values.identifier_or_null("null: the plain call that a store without items has")
    label = values.text()
    max_quantity = values.number(least=1)

    example = {"call_item_id": 2, "label": "물", "max_quantity": 4}


class GuestCallItems(values.Document):
    store_id = values.identifier()
    call_items = values.list_of(GuestCallItem)

    example = {"store_id": 1, "call_items": [GuestCallItem.example]}


class CallItem(values.Document):
    call_item_id = values.identifier()
    label = values.text()
    max_quantity = values.number("so many in one call", least=1)
    display_order = values.number()
    is_active = values.switch("false: guests do not see it")
    translations = values.translations()

    example = GuestCallItem.example | {
        "display_order": 1,
        "is_active": True,
        "translations": {"en": {"name": "Water"}},
    }


class CallItems(values.Document):
    store_id = values.identifier()
    call_items = values.list_of(CallItem)

    example = {"store_id": 1, "call_items": [CallItem.example]}


class CallItemDeleted(values.Document):
    message = values.text()
    call_item_id = values.identifier()

    example = {"message": "the call item is deleted", "call_item_id": 2}


class CallItemSchema(BodySchema):
    answer = CallItem
    examples = {"water": {"label": "물", "max_quantity": 4}}

    label = Text(required=True, most=MAX_LABEL)
    max_quantity = Integer(most=MAX_QUANTITY, load_default=1)
    display_order = Integer(least=0, load_default=0)
    is_active = Boolean(load_default=True)
    translations = Translations(most=MAX_LABEL, load_default=dict)


CallItemChangeSchema = changes_of(CallItemSchema, examples={"out of napkins": {"is_active": False}})


class CalledItem(values.Document):
    call_item_id = values.identifier_or_null()
    label = values.text("as it was when the guests called")
    quantity = values.number(least=1)

    example = {"call_item_id": 2, "label": "물", "quantity": 2}


class Call(values.Document):
    call_id = values.big_identifier()
    session_id = values.session()
    table_id = values.identifier()
    table_number = values.number(least=1)
    items = values.list_of(CalledItem)
    note = values.text(or_null=True)
    asked_at = values.moment()
    asked_times = values.number("how often the guests have called for it", least=1)
    taken_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)

    example: ClassVar[Any] = {
        "call_id": 8,
        "session_id": values.SESSION_ID,
        "table_id": 3,
        "table_number": 3,
        "items": [CalledItem.example],
        "note": None,
        "asked_at": "2026-02-04T13:40:00+09:00",
        "asked_times": 1,
        "taken_at": None,
        "closed_at": None,
    }


class AdminCall(Call):
    taken_by = values.text("the admin's username", or_null=True)
    closed_by = values.text("null: the guests took it back, or their session ended", or_null=True)

    example = Call.example | {"taken_by": None, "closed_by": None}


class CurrentCall(values.Document):
    call = fields.Nested(Call, required=True, allow_none=True, metadata={"description": "null if none is open"})

    example = {"call": Call.example}


class Calls(values.Document):
    store_id = values.identifier()
    calls = values.list_of(AdminCall)
    next_cursor = values.next_cursor()

    example = {"store_id": 1, "calls": [AdminCall.example], "next_cursor": None}


class ArchivedCall(values.Document):
    """What was asked for in one call, how often, and how long it took."""

    label = values.text("what was asked for, joined by a comma")
    times = values.number("how often", least=1)
    seconds = values.number("until it was closed")

    example = {"label": "물", "times": 1, "seconds": 75}


class WantedItem(BodySchema):
    answer = GuestCallItem

    call_item_id = Integer(required=True, allow_none=True)
    quantity = Integer(most=MAX_QUANTITY, load_default=1)


class CallSchema(BodySchema):
    """Without items it is the plain call, 직원 호출."""

    answer = Call
    examples = {"water": {"items": [{"call_item_id": 2, "quantity": 2}]}}

    items = fields.List(fields.Nested(WantedItem), load_default=list, validate=validate.Length(max=MAX_ITEMS))
    note = OptionalText(most=100, load_default=None)


class CallItemsQuery(QuerySchema):
    lang = Language(load_default=None)


class CallsQuery(QuerySchema):
    open = QueryBoolean(load_default=False, metadata={"description": "true: only those that are not closed"})
    limit = QueryInteger(most=100, load_default=20)
    cursor = Cursor(load_default=None)
