"""Tables as an admin adds and changes them."""

from tableorder.domain.passwords import LEAST_OF_TABLE
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, ChangeSchema
from tableorder.schemas.fields import Integer, Password


class ListedTable(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)
    current_session_id = values.session(or_null=True)
    is_active = values.switch("whether guests are there")


class Table(ListedTable):
    store_id = values.identifier()


class TableSchema(BodySchema):
    answer = Table

    table_number = Integer(required=True)
    table_password = Password(required=True, least=LEAST_OF_TABLE)


class TableChangeSchema(ChangeSchema):
    answer = Table

    table_number = Integer()
    table_password = Password(least=LEAST_OF_TABLE)
