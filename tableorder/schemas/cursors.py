"""Where a page of a list begins: every list that is read in pages takes the same form of cursor."""

import re
from typing import Any

from marshmallow import ValidationError, fields

from tableorder.domain.limits import MAX_BIG_INTEGER

_CURSOR = re.compile(r"([0-9]{1,17})-([0-9]{1,19})", re.ASCII)


class Cursor(fields.Field[tuple[int, int]]):
    """The `next_cursor` of an earlier page: the time of its last entry, in microseconds since 1970, and its id.

    The id settles the order of entries of the same time.
    """

    json_type = ("string", "cursor")
    json_rules = {"description": "the `next_cursor` of the page before"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[int, int]:
        match = _CURSOR.fullmatch(value)
        if match is None or int(match[2]) > MAX_BIG_INTEGER:
            raise ValidationError("Must be a next_cursor from an earlier answer.")
        return int(match[1]), int(match[2])
