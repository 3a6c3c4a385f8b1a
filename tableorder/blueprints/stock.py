"""Stock: an admin counts what is left of a dish or an option; orders and voids move it."""

from typing import Any

from tableorder.domain.errors import (
    IdempotencyKeyRequired,
    MenuNotFound,
    OptionNotFound,
    StockNotCounted,
    StockNotFound,
    StockShort,
)
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.roles import EVERYBODY
from tableorder.repositories.stock import StockRepository
from tableorder.schemas.stock import Stock, StockChangeSchema, Stocks, StockSchema
from tableorder.web.authentication import requires_role
from tableorder.web.context import connect, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body, takes_idempotency_key
from tableorder.web.responses import answers

blueprint = Noun("stock", __name__, heading="Stock")


@blueprint.get("/admin/stock")
@requires_role(*EVERYBODY)
@answers(Stocks, "What is counted, lowest first")
def list_stock(admin: AdminIdentity) -> str:
    """List what is left of all that is counted."""
    with connect(admin.store_id) as connection:
        return StockRepository(connection).list(store_id=admin.store_id)


@blueprint.put("/admin/stock")
@requires_role(*EVERYBODY)
@takes_body(StockSchema)
@answers(Stock, "The stock")
@may_refuse(MenuNotFound, OptionNotFound)
def set_stock(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Set the count of a dish or an option, or stop counting it.

    A new count begins a new epoch: what was sold before is not given back into it.
    """
    with writing(admin.store_id) as connection:
        return StockRepository(connection).set(admin=admin, **body)


@blueprint.post("/admin/stock/<id:stock_id>/adjust")
@requires_role(*EVERYBODY)
@takes_body(StockChangeSchema)
@takes_idempotency_key
@answers(Stock, "The stock")
@may_refuse(IdempotencyKeyRequired, StockNotFound, StockShort, StockNotCounted)
def adjust_stock(admin: AdminIdentity, stock_id: int, body: dict[str, Any], key: str | None) -> str:
    """Add to a stock, or take waste from it."""
    if key is None:
        raise IdempotencyKeyRequired
    with writing(admin.store_id) as connection:
        return StockRepository(connection).adjust(admin=admin, stock_id=stock_id, change=body, key=key)
