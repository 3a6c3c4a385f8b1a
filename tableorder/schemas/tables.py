"""Tables as an admin lists, adds and changes them."""

from tableorder.domain.passwords import LEAST_OF_TABLE
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, changes_of
from tableorder.schemas.fields import Integer, Password


class ListedTable(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)
    current_session_id = values.session(or_null=True)
    is_active = values.switch("whether guests are there")

    example = {"table_id": 3, "table_number": 3, "current_session_id": values.SESSION_ID, "is_active": True}


class Tables(values.Document):
    store_id = values.identifier()
    tables = values.list_of(ListedTable)

    example = {"store_id": 1, "tables": [ListedTable.example]}


class Table(ListedTable):
    store_id = values.identifier()

    example = {"table_id": 9, "table_number": 9, "current_session_id": None, "is_active": False, "store_id": 1}


class TableDeleted(values.Document):
    message = values.text()
    table_id = values.identifier()

    example = {"message": "the table is deleted", "table_id": 9}


class TableSchema(BodySchema):
    answer = Table
    examples = {"table 9": {"table_number": 9, "table_password": "demo-table"}}

    table_number = Integer(required=True)
    table_password = Password(required=True, least=LEAST_OF_TABLE)


TableChangeSchema = changes_of(TableSchema, examples={"another number": {"table_number": 9}})
