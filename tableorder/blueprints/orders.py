"""Orders: a table places and follows its own, an admin moves them along and voids them."""

from typing import Any

from tableorder.domain.errors import (
    KeepTooLarge,
    LimitReached,
    LinePriceTooLow,
    MenuNotFound,
    MenuNotServed,
    MenuSoldOut,
    OptionNotFound,
    OptionNotOffered,
    OptionsMismatch,
    OptionSoldOut,
    OrderItemNotFound,
    OrderNotFound,
    QuoteMismatch,
    SessionEnded,
    StatusBackwards,
    TableNotFound,
    TooManyOrders,
    TotalTooLarge,
)
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.roles import EVERYBODY, FLOOR
from tableorder.repositories.orders import OrderRepository
from tableorder.schemas.orders import (
    Order,
    OrderSchema,
    OrdersQuery,
    OrderUpdated,
    OrderVoided,
    SessionOrders,
    SessionOrdersQuery,
    StatusSchema,
    StoreOrders,
    VoidLinesSchema,
    VoidQuery,
)
from tableorder.web.authentication import requires_role, requires_table
from tableorder.web.context import config, connect, writing
from tableorder.web.document_cache import DocumentCache, Versioned
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_approval, takes_body, takes_idempotency_key, takes_query
from tableorder.web.responses import answers

blueprint = Noun("orders", __name__, heading="Orders")

_listings = DocumentCache(max_bytes=8 * 1024 * 1024)


@blueprint.post("/customer/orders")
@requires_table
@takes_body(OrderSchema)
@takes_idempotency_key
@answers(Order, "The order, its items in the order sent", 201)
@may_refuse(
    TotalTooLarge, MenuNotFound, OptionNotFound, MenuSoldOut, MenuNotServed, SessionEnded, LimitReached, TooManyOrders
)
@may_refuse(OptionNotOffered, OptionSoldOut, OptionsMismatch, LinePriceTooLow, QuoteMismatch)
def place_order(table: TableIdentity, body: dict[str, Any], key: str | None) -> str:
    """Place an order.

    The prices and names are the store's at this moment and stay so. An order that was answered with 201 is stored for
    good.

    No answer came? Send the same again with the same Idempotency-Key: the first order is answered and no second one is
    made, also if both arrive at once. Another body with that key is a 422.

    A line without `options` gets the defaults that are on sale, `[]` none. With `expected_total` or an
    `expected_unit_price` the order is a quote: if anything differs or is refused, one `quote_mismatch` tells it all.
    """
    with writing(table.store_id) as connection:
        orders = OrderRepository(connection)
        return orders.place(table=table, order=body, key=key, limits=config().limits)


@blueprint.get("/customer/orders")
@requires_table
@takes_query(SessionOrdersQuery)
@answers(SessionOrders, "The orders of the current session")
@may_refuse(SessionEnded)
def list_session_orders(table: TableIdentity, query: dict[str, Any]) -> str:
    """List the session's orders.

    Newest first. Without `limit`, all of them.
    """
    with connect(table.store_id) as connection:
        orders = OrderRepository(connection)
        return orders.list_of_session(table=table, limit=query["limit"], before=query["cursor"]).document


@blueprint.get("/customer/orders/<big_id:order_id>")
@requires_table
@answers(Order, "The order")
@may_refuse(OrderNotFound, SessionEnded)
def get_session_order(table: TableIdentity, order_id: int) -> str:
    """Get one of the session's orders."""
    with connect(table.store_id) as connection:
        return OrderRepository(connection).get_of_session(order_id=order_id, session_id=table.session_id)


@blueprint.get("/admin/orders")
@requires_role(*EVERYBODY)
@takes_query(OrdersQuery)
@answers(StoreOrders, "What the counter sees")
@may_refuse(TableNotFound)
def list_orders(admin: AdminIdentity, query: dict[str, Any]) -> bytes:
    """List the open orders by table.

    The tables with an active session, by number; orders, newest first. Totals are of what is listed.
    """
    # Mostly nothing has changed since the last look. PostgreSQL tells the present version each time, and builds the
    # view only if this process does not have that version. So a change shows in the next answer of every process.
    key = (admin.store_id, query["status"], query["table_id"])
    kept = _listings.get(key) or Versioned("", b"")
    with connect(admin.store_id) as connection:
        orders = OrderRepository(connection)
        listing = orders.list_by_table(store_id=admin.store_id, **query, known_version=kept.version)
    if listing.document is None:
        return kept.body
    body = listing.document.encode()
    _listings.put(key, listing.version, body)
    return body


@blueprint.get("/admin/orders/<big_id:order_id>")
@requires_role(*EVERYBODY)
@answers(Order, "The order")
@may_refuse(OrderNotFound)
def get_order(admin: AdminIdentity, order_id: int) -> str:
    """Get an open order."""
    with connect(admin.store_id) as connection:
        return OrderRepository(connection).get(order_id=order_id)


@blueprint.patch("/admin/orders/<big_id:order_id>/status")
@requires_role(*EVERYBODY)
@takes_body(StatusSchema)
@answers(OrderUpdated, "The order's status")
@may_refuse(OrderNotFound, StatusBackwards)
def update_order_status(admin: AdminIdentity, order_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Move an order along.

    From 대기중 to 준비중 to 완료. One may be left out; the same again is a 200; back is a 409.
    """
    with writing(admin.store_id) as connection:
        OrderRepository(connection).update_status(order_id=order_id, status=body["status"])
    return {"order_id": order_id, "status": body["status"]}


@blueprint.delete("/admin/orders/<big_id:order_id>")
@requires_role(*FLOOR)
@takes_query(VoidQuery)
@takes_approval
@answers(OrderVoided, "The order is voided")
@may_refuse(OrderNotFound)
def void_order(admin: AdminIdentity, order_id: int, query: dict[str, Any], approval: str | None) -> dict[str, Any]:
    """Void an order.

    The order leaves every list and total. The voids keep its lines, the time, the reason and the person. Its portions
    go back to the stock if the order was still 대기중, or with `restock`.

    Staff void what is 대기중; later they need an approval of `void` (`POST /admin/approvals`). The voids keep both
    names.
    """
    with writing(admin.store_id) as connection:
        table_id = OrderRepository(connection).void(order_id=order_id, admin=admin, approval=approval, **query)
    return _voided(order_id, table_id)


@blueprint.post("/admin/orders/<big_id:order_id>/void-lines")
@requires_role(*FLOOR)
@takes_body(VoidLinesSchema)
@takes_approval
@answers(Order, "What is left of the order; if nothing is, the same as for DELETE")
@may_refuse(OrderNotFound, OrderItemNotFound, KeepTooLarge)
def void_order_lines(
    admin: AdminIdentity, order_id: int, body: dict[str, Any], approval: str | None
) -> str | dict[str, Any]:
    """Void part of an order.

    `keep` is the quantity that remains, so a repeat changes nothing, and needs no approval. Lines that are not named
    stay as they are.
    """
    with writing(admin.store_id) as connection:
        voided = OrderRepository(connection).void_lines(order_id=order_id, admin=admin, approval=approval, **body)
    return voided.document or _voided(order_id, voided.table_id)


def _voided(order_id: int, table_id: int) -> dict[str, Any]:
    return {"message": "the order is voided", "order_id": order_id, "table_id": table_id}
