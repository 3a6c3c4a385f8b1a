"""A store's tables, for an admin."""

from typing import Any

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.domain.passwords import hash_password
from tableorder.http.authentication import requires_admin
from tableorder.http.context import config, connect, password_work
from tableorder.http.requests import read_body
from tableorder.http.responses import document, fields
from tableorder.repositories.tables import TableRepository
from tableorder.schemas.tables import TableChangeSchema, TableSchema

blueprint = Blueprint("tables", __name__)


@blueprint.get("/admin/tables")
@requires_admin
def list_tables(admin: AdminIdentity) -> Response:
    with connect(admin.store_id) as connection:
        return document(TableRepository(connection).list(store_id=admin.store_id))


@blueprint.post("/admin/tables")
@requires_admin
def add_table(admin: AdminIdentity) -> Response:
    values = _with_hash(read_body(TableSchema))
    with connect(admin.store_id) as connection:
        table = TableRepository(connection).add(store_id=admin.store_id, limits=config().limits, **values)
    return document(table, 201)


@blueprint.patch("/admin/tables/<id:table_id>")
@requires_admin
def update_table(admin: AdminIdentity, table_id: int) -> Response:
    changes = {"table_number": None, "table_password_hash": None} | _with_hash(read_body(TableChangeSchema))
    with connect(admin.store_id) as connection:
        return document(TableRepository(connection).update(table_id=table_id, **changes))


@blueprint.delete("/admin/tables/<id:table_id>")
@requires_admin
def delete_table(admin: AdminIdentity, table_id: int) -> Response:
    with connect(admin.store_id) as connection:
        TableRepository(connection).delete(table_id=table_id)
    return fields({"message": "the table is deleted", "table_id": table_id})


def _with_hash(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the password hashed, which takes a while and is done with no connection held.

    Raises TooManyLogins.
    """
    if "table_password" not in values:
        return values
    password, cost = values.pop("table_password"), config().bcrypt_cost
    with password_work().turn() as run:
        return values | {"table_password_hash": run(lambda: hash_password(password, cost=cost))}
