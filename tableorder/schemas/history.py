"""The books, in pages: the ended sessions."""

import re
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from tableorder.domain.orders import DONE
from tableorder.schemas import values
from tableorder.schemas.base import QuerySchema
from tableorder.schemas.calls import ArchivedCall
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import QueryInteger
from tableorder.schemas.orders import ArchivedOrder

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Archive(values.Document):
    orders = values.list_of(ArchivedOrder)
    session_total = values.won()
    calls = fields.List(
        fields.Nested(ArchivedCall), metadata={"description": "absent from sessions that ended before there were calls"}
    )

    example = {
        "orders": [ArchivedOrder.example | {"status": DONE}],
        "session_total": 18000,
        "calls": [ArchivedCall.example],
    }


class PastSession(values.Document):
    history_id = values.identifier()
    session_id = values.session()
    table_id = values.identifier()
    table_number = values.past_number("the table's number at that time")
    completed_time = values.moment()
    archived_order_data = fields.Nested(Archive, required=True)

    example = {
        "history_id": 12,
        "session_id": values.SESSION_ID,
        "table_id": 3,
        "table_number": 3,
        "completed_time": "2026-02-04T14:45:10.5+09:00",
        "archived_order_data": Archive.example,
    }


class StoreHistory(values.Document):
    store_id = values.identifier()
    history = values.list_of(PastSession)
    next_cursor = values.next_cursor()

    example = {"store_id": 1, "history": [PastSession.example], "next_cursor": "1770183910500000-12"}


class History(values.Document):
    table_id = values.identifier()
    table_number = values.past_number("the table's number now, or its last one")
    total_count = values.number("of all pages")
    history = values.list_of(PastSession)
    next_cursor = values.next_cursor()

    example = {
        "table_id": 3,
        "table_number": 3,
        "total_count": 1,
        "history": [PastSession.example],
        "next_cursor": None,
    }


class Day(fields.Field[date]):
    """A day, YYYY-MM-DD."""

    json_type = ("string", "date")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            if _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise ValidationError("Must be a date, YYYY-MM-DD.")


class BooksQuery(QuerySchema):
    """Some days, both included, and where in them the page begins."""

    limit = QueryInteger(most=100, load_default=20)
    cursor = Cursor(load_default=None)
    start_date = Day(load_default=None)
    end_date = Day(load_default=None)

    @validates_schema
    def require_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        start, end = data.get("start_date"), data.get("end_date")
        if start and end and start > end:
            raise ValidationError("Must not be before start_date.", "end_date")


class StoreHistoryQuery(BooksQuery):
    table_number = QueryInteger(load_default=None)


class OffsetBooksQuery(BooksQuery):
    """For clients that count entries instead of following cursors."""

    offset = QueryInteger(least=0, load_default=0)

    @validates_schema
    def require_one_beginning(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data.get("cursor") and data.get("offset"):
            raise ValidationError("Give offset or cursor, not both.", "offset")
