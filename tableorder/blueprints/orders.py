"""Orders: a table places and follows its own, an admin moves them along and voids them."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.http.authentication import requires_admin, requires_table
from tableorder.http.context import announce, config, connect
from tableorder.http.documents import DocumentCache, Versioned
from tableorder.http.requests import read_body, read_idempotency_key, read_query
from tableorder.http.responses import document, fields
from tableorder.repositories.orders import OrderRepository
from tableorder.schemas.orders import OrderSchema, OrdersQuery, SessionOrdersQuery, StatusSchema, VoidQuery

blueprint = Blueprint("orders", __name__)

_listings = DocumentCache(max_bytes=8 * 1024 * 1024)


@blueprint.post("/customer/orders")
@requires_table
def place_order(table: TableIdentity) -> Response:
    lines = read_body(OrderSchema)["items"]
    key = read_idempotency_key()
    with connect(table.store_id) as connection:
        order = OrderRepository(connection).place(table=table, lines=lines, key=key, limits=config().limits)
    announce(table.store_id)
    return document(order, 201)


@blueprint.get("/customer/orders")
@requires_table
def list_session_orders(table: TableIdentity) -> Response:
    query = read_query(SessionOrdersQuery)
    with connect(table.store_id) as connection:
        orders = OrderRepository(connection)
        return document(orders.list_of_session(table=table, limit=query["limit"], before=query["cursor"]).document)


@blueprint.get("/customer/orders/<id:order_id>")
@requires_table
def get_session_order(table: TableIdentity, order_id: int) -> Response:
    with connect(table.store_id) as connection:
        orders = OrderRepository(connection)
        return document(orders.get_of_session(order_id=order_id, session_id=table.session_id))


@blueprint.get("/admin/orders")
@requires_admin
def list_orders(admin: AdminIdentity) -> Response:
    """The counter's view, which mostly has not changed since the last look.

    PostgreSQL is asked each time which version is the present one, and for the view only if this process does not have
    that version; so a change shows in the next answer of every process.
    """
    query = read_query(OrdersQuery)
    key = (admin.store_id, query["status"], query["table_id"])
    kept = _listings.get(key) or Versioned("", b"")
    with connect(admin.store_id) as connection:
        listing = OrderRepository(connection).list_by_table(
            store_id=admin.store_id, **query, known_version=kept.version
        )
    if listing.document is None:
        return document(kept.body)
    body = listing.document.encode()
    _listings.put(key, listing.version, body)
    return document(body)


@blueprint.get("/admin/orders/<id:order_id>")
@requires_admin
def get_order(admin: AdminIdentity, order_id: int) -> Response:
    with connect(admin.store_id) as connection:
        return document(OrderRepository(connection).get(order_id=order_id))


@blueprint.patch("/admin/orders/<id:order_id>/status")
@requires_admin
def update_order_status(admin: AdminIdentity, order_id: int) -> Response:
    status = read_body(StatusSchema)["status"]
    with connect(admin.store_id) as connection:
        OrderRepository(connection).update_status(order_id=order_id, status=status)
    announce(admin.store_id)
    return fields({"order_id": order_id, "status": status})


@blueprint.delete("/admin/orders/<id:order_id>")
@requires_admin
def void_order(admin: AdminIdentity, order_id: int) -> Response:
    reason = read_query(VoidQuery)["reason"]
    with connect(admin.store_id) as connection:
        table_id = OrderRepository(connection).void(order_id=order_id, admin=admin, reason=reason)
    return fields({"message": "the order is voided", "order_id": order_id, "table_id": table_id})
