"""The people of a store, as an admin keeps them."""

from marshmallow import fields

from tableorder.domain.passwords import LEAST_OF_PERSON
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, changes_of
from tableorder.schemas.fields import Boolean, Password, Text

ROLES = ("manager", "staff", "kitchen")


class Person(values.Document):
    staff_id = values.identifier()
    username = values.text()
    display_name = values.text()
    role = values.one_of(*ROLES)
    is_active = values.switch("whether they may log in")
    created_at = values.moment()
    updated_at = values.moment()
    last_login_at = fields.AwareDateTime(required=True, allow_none=True)

    example = {
        "staff_id": 4,
        "username": "minji",
        "display_name": "김민지",
        "role": "staff",
        "is_active": True,
        "created_at": "2026-02-04T13:30:00.123456+09:00",
        "updated_at": "2026-02-04T13:30:00.123456+09:00",
        "last_login_at": None,
    }


class Staff(values.Document):
    store_id = values.identifier()
    staff = values.list_of(Person)

    example = {"store_id": 1, "staff": [Person.example]}


class PersonSchema(BodySchema):
    answer = Person
    examples = {
        "a waiter": {"username": "minji", "display_name": "김민지", "role": "staff", "password": "eight-or-more"},
    }

    username = Text(required=True, most=50)
    display_name = Text(required=True, most=50)
    role = Text(required=True, most=10, choices=ROLES)
    password = Password(required=True, least=LEAST_OF_PERSON)


class _ChangeableSchema(BodySchema):
    answer = Person

    display_name = Text(required=True, most=50)
    role = Text(required=True, most=10, choices=ROLES)
    password = Password(required=True, least=LEAST_OF_PERSON)
    is_active = Boolean(required=True)


PersonChangeSchema = changes_of(_ChangeableSchema, examples={"another role": {"role": "manager"}})
