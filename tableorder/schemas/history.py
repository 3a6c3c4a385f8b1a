"""Pages of the books: of the ended sessions, of the voided orders."""

import re
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from tableorder.schemas.base import QuerySchema
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import QueryInteger

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Day(fields.Field[date]):
    """A day, YYYY-MM-DD."""

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
