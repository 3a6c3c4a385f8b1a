"""Logins of tables and admins."""

from tableorder.schemas.base import BodySchema
from tableorder.schemas.fields import Integer, Password, Text


class TableLoginSchema(BodySchema):
    store_id = Integer(required=True)
    table_number = Integer(required=True)
    table_password = Password(required=True)


class AdminLoginSchema(BodySchema):
    username = Text(required=True, most=50)
    password = Password(required=True)
