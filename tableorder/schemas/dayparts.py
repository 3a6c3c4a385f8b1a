"""Dayparts as an admin adds, changes and attaches them."""

from typing import Any

from marshmallow import ValidationError, fields

from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, changes_of
from tableorder.schemas.fields import ClockTime, Integer, Text

WORKDAYS = [{"weekday": weekday, "starts": "11:00", "ends": "14:30"} for weekday in range(5)]


class Hours(values.Document):
    """From a time of the store's clock up to another; `ends` at or before `starts` is on the next day."""

    weekday = Integer(required=True, least=0, most=6, metadata={"description": "of the start; 0 is Monday"})
    starts = values.text("HH:MM")
    ends = values.text("HH:MM; it is over then")

    example = {"weekday": 5, "starts": "22:00", "ends": "02:00"}


class Daypart(values.Document):
    daypart_id = values.identifier()
    daypart_name = values.text()
    hours = values.list_of(Hours)

    example = {"daypart_id": 1, "daypart_name": "점심", "hours": WORKDAYS}


class Dayparts(values.Document):
    store_id = values.identifier()
    dayparts = values.list_of(Daypart)

    example = {"store_id": 1, "dayparts": [Daypart.example]}


class DaypartDeleted(values.Document):
    message = values.text()
    daypart_id = values.identifier()

    example = {"message": "the daypart is deleted", "daypart_id": 1}


class HoursSchema(BodySchema):
    answer = Hours

    weekday = Integer(required=True, least=0, most=6, metadata={"description": "of the start; 0 is Monday"})
    starts = ClockTime(required=True)
    ends = ClockTime(required=True, metadata={"description": "at or before `starts`: on the next day"})


class DaypartSchema(BodySchema):
    answer = Daypart
    examples = {
        "lunch": {"daypart_name": "점심", "hours": WORKDAYS},
        "late on Saturdays": {"daypart_name": "심야", "hours": [Hours.example]},
    }

    daypart_name = Text(required=True, most=50)
    hours = fields.List(fields.Nested(HoursSchema), required=True)


DaypartChangeSchema = changes_of(DaypartSchema, examples={"not for now": {"hours": []}})


class DaypartIds(fields.List[Any]):
    """Ids, each once; none is always."""

    json_rules = {"uniqueItems": True}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        daypart_ids = super()._deserialize(value, attr, data, **kwargs)
        if len(set(daypart_ids)) != len(daypart_ids):
            raise ValidationError("Must name each daypart once.")
        return daypart_ids


class MenuDayparts(values.Document):
    menu_id = values.identifier()
    daypart_ids = DaypartIds(Integer(), required=True)

    example = {"menu_id": 1, "daypart_ids": [1]}


class CategoryDayparts(values.Document):
    category_id = values.identifier()
    daypart_ids = DaypartIds(Integer(), required=True)

    example = {"category_id": 1, "daypart_ids": [1]}


class DaypartIdsSchema(BodySchema):
    examples = {"for lunch": {"daypart_ids": [1]}, "always": {"daypart_ids": []}}

    daypart_ids = DaypartIds(Integer(), required=True)


class MenuDaypartsSchema(DaypartIdsSchema):
    answer = MenuDayparts


class CategoryDaypartsSchema(DaypartIdsSchema):
    answer = CategoryDayparts
