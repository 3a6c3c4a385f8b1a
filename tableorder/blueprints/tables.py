"""A store's tables, for an admin."""

from typing import Any

from tableorder.domain.errors import LimitReached, TableInUse, TableNotFound, TableNumberTaken, TooManyLogins
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.passwords import hash_password
from tableorder.domain.roles import EVERYBODY
from tableorder.repositories.tables import TableRepository
from tableorder.schemas.tables import Table, TableChangeSchema, TableDeleted, Tables, TableSchema
from tableorder.web.authentication import requires_admin, requires_role
from tableorder.web.context import config, connect, password_work, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("tables", __name__, heading="Tables and their sessions")


@blueprint.get("/admin/tables")
@requires_role(*EVERYBODY)
@answers(Tables, "The tables by number")
def list_tables(admin: AdminIdentity) -> str:
    """List the tables."""
    with connect(admin.store_id) as connection:
        return TableRepository(connection).list(store_id=admin.store_id)


@blueprint.post("/admin/tables")
@requires_admin
@takes_body(TableSchema)
@answers(Table, "The table", 201)
@may_refuse(TableNumberTaken, LimitReached, TooManyLogins)
def add_table(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Add a table.

    The password is for its tablet.
    """
    values = _with_hash(body)
    with writing(admin.store_id) as connection:
        return TableRepository(connection).add(store_id=admin.store_id, limits=config().limits, **values)


@blueprint.patch("/admin/tables/<id:table_id>")
@requires_admin
@takes_body(TableChangeSchema)
@answers(Table, "The table")
@may_refuse(TableNotFound, TableNumberTaken, TooManyLogins)
def update_table(admin: AdminIdentity, table_id: int, body: dict[str, Any]) -> str:
    """Change a table.

    A new password revokes the tokens that the table has: its tablets log in again.
    """
    values = _with_hash(body)
    with writing(admin.store_id) as connection:
        return TableRepository(connection).update(table_id=table_id, **values)


@blueprint.delete("/admin/tables/<id:table_id>")
@requires_admin
@answers(TableDeleted, "The table is deleted")
@may_refuse(TableNotFound, TableInUse)
def delete_table(admin: AdminIdentity, table_id: int) -> dict[str, Any]:
    """Delete a table.

    Only without guests. Its history stays readable.
    """
    with writing(admin.store_id) as connection:
        TableRepository(connection).delete(table_id=table_id)
    return {"message": "the table is deleted", "table_id": table_id}


def _with_hash(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the password hashed, which takes a while and is done with no connection held.

    Raises TooManyLogins.
    """
    if "table_password" not in values:
        return values
    password, cost = values.pop("table_password"), config().bcrypt_cost
    with password_work().turn() as run:
        return values | {"table_password_hash": run(lambda: hash_password(password, cost=cost))}
