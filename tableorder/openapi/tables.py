"""A store's tables."""

from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Body, Operation
from tableorder.schemas import values
from tableorder.schemas.tables import ListedTable, Table, TableChangeSchema, TableSchema


class Tables(values.Document):
    store_id = values.identifier()
    tables = values.list_of(ListedTable)


class TableDeleted(values.Document):
    message = values.text()
    table_id = values.identifier()


LISTED_TABLE = {"table_id": 3, "table_number": 3, "current_session_id": SESSION_ID, "is_active": True}
NEW_TABLE = {"table_id": 9, "table_number": 9, "current_session_id": None, "is_active": False, "store_id": 1}

OPERATIONS = {
    "list_tables": Operation(
        "List the tables",
        answers={200: Answer("The tables by number", Tables, {"store_id": 1, "tables": [LISTED_TABLE]})},
    ),
    "add_table": Operation(
        "Add a table",
        description="The password is for its tablet.",
        body=Body(TableSchema, {"table 9": {"table_number": 9, "table_password": "demo-table"}}),
        answers={
            201: Answer(
                "The table", Table, NEW_TABLE, links={"table_id": ("update_table", "delete_table", "list_history")}
            )
        },
        problems=("table_number_taken", "limit_reached", "too_many_logins"),
    ),
    "update_table": Operation(
        "Change a table",
        description="Tokens that were given out stay good until the session ends or they expire.",
        body=Body(TableChangeSchema, {"another number": {"table_number": 10}}),
        answers={200: Answer("The table", Table, {**NEW_TABLE, "table_number": 10})},
        problems=("table_not_found", "table_number_taken", "too_many_logins"),
    ),
    "delete_table": Operation(
        "Delete a table",
        description="Only without guests. Its history stays readable.",
        answers={200: Answer("The table is deleted", TableDeleted, {"message": "the table is deleted", "table_id": 9})},
        problems=("table_not_found", "table_in_use"),
    ),
}
