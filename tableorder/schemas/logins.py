"""Logins of tables and admins."""

from marshmallow import fields

from tableorder.domain.passwords import LEAST_OF_PERSON
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema
from tableorder.schemas.fields import Integer, Password, Text


class Token(values.Document):
    access_token = values.text("goes into Authorization, after `Bearer `")
    token_type = values.one_of("Bearer")
    expires_in = values.number("seconds")
    store_id = values.identifier()
    store_name = values.text()
    features = fields.List(
        fields.String(), required=True, metadata={"description": "what this installation has beyond the first version"}
    )

    example = {
        "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…",
        "token_type": "Bearer",
        "expires_in": 57600,
        "store_id": 1,
        "store_name": "온달 한식당",
        "features": ["options", "notes", "quotes", "stock", "void_lines", "pictures", "languages", "labels", "staff"],
    }


class TableToken(Token):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()

    example = Token.example | {"table_id": 3, "table_number": 3, "session_id": values.SESSION_ID}


class AdminToken(Token):
    username = values.text()
    role = values.one_of("owner", "manager", "staff", "kitchen")
    staff_id = values.identifier_or_null("null for an owner")

    example = Token.example | {"username": "demo", "role": "owner", "staff_id": None}


class TableLoginSchema(BodySchema):
    answer = TableToken
    examples = {"the demo's table 3": {"store_id": 1, "table_number": 3, "table_password": "demo-table"}}

    store_id = Integer(required=True)
    table_number = Integer(required=True)
    table_password = Password(required=True)


class DeviceLoginSchema(BodySchema):
    answer = TableToken
    examples = {"what enrolling answered": {"device_token": "1.kV2nq0…"}}

    device_token = Text(required=True, most=100)


class AdminLoginSchema(BodySchema):
    answer = AdminToken
    examples = {"the demo's admin": {"username": "demo", "password": "demo-admin"}}

    username = Text(required=True, most=50)
    password = Password(required=True)
    store_id = Integer(allow_none=True, metadata={"description": "for staff, and for its owner; without it, an owner"})


class LoggedOut(values.Document):
    message = values.text()

    example = {"message": "you are logged out everywhere"}


class PasswordSchema(BodySchema):
    examples = {"another password": {"current_password": "demo-admin", "new_password": "eight-or-more"}}

    current_password = Password(required=True)
    new_password = Password(required=True, least=LEAST_OF_PERSON)
