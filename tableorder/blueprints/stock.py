"""Stock: an admin counts what is left of a dish or an option; orders and voids move it."""

from flask import Blueprint, Response

from tableorder.domain.errors import refusal
from tableorder.domain.identities import AdminIdentity
from tableorder.http.authentication import requires_admin
from tableorder.http.context import announce, connect
from tableorder.http.requests import read_body, read_idempotency_key
from tableorder.http.responses import document
from tableorder.repositories.stock import StockRepository
from tableorder.schemas.stock import StockChangeSchema, StockSchema

blueprint = Blueprint("stock", __name__)


@blueprint.get("/admin/stock")
@requires_admin
def list_stock(admin: AdminIdentity) -> Response:
    with connect(admin.store_id) as connection:
        return document(StockRepository(connection).list(store_id=admin.store_id))


@blueprint.put("/admin/stock")
@requires_admin
def set_stock(admin: AdminIdentity) -> Response:
    body = read_body(StockSchema)
    with connect(admin.store_id) as connection:
        stock = StockRepository(connection).set(admin=admin, **body)
    announce(admin.store_id)
    return document(stock)


@blueprint.post("/admin/stock/<id:stock_id>/adjust")
@requires_admin
def adjust_stock(admin: AdminIdentity, stock_id: int) -> Response:
    change = read_body(StockChangeSchema)
    key = read_idempotency_key()
    if key is None:
        raise refusal("idempotency_key_required", {})
    with connect(admin.store_id) as connection:
        stock = StockRepository(connection).adjust(admin=admin, stock_id=stock_id, change=change, key=key)
    announce(admin.store_id)
    return document(stock)
