"""Logins of tables and admins."""

from marshmallow import fields

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


class TableToken(Token):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()


class AdminToken(Token):
    username = values.text()


class TableLoginSchema(BodySchema):
    answer = TableToken

    store_id = Integer(required=True)
    table_number = Integer(required=True)
    table_password = Password(required=True)


class AdminLoginSchema(BodySchema):
    answer = AdminToken

    username = Text(required=True, most=50)
    password = Password(required=True)
