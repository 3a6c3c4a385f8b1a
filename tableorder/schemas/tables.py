"""Tables as an admin adds and changes them."""

from tableorder.domain.passwords import LEAST_OF_TABLE
from tableorder.schemas.base import BodySchema, ChangeSchema
from tableorder.schemas.fields import Integer, Password


class TableSchema(BodySchema):
    table_number = Integer(required=True)
    table_password = Password(required=True, least=LEAST_OF_TABLE)


class TableChangeSchema(ChangeSchema):
    table_number = Integer()
    table_password = Password(least=LEAST_OF_TABLE)
