"""Which of a table's ended sessions are listed."""

import re
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from tableorder.schemas.base import PageQuery

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


class HistoryQuery(PageQuery):
    start_date = Day(load_default=None)
    end_date = Day(load_default=None)

    @validates_schema
    def require_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        start, end = data.get("start_date"), data.get("end_date")
        if start and end and start > end:
            raise ValidationError("Must not be before start_date.", "end_date")
