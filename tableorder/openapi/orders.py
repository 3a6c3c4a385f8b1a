"""Placing orders, following them, moving them along, voiding them."""

from tableorder.domain.orders import PREPARING, STATUSES, WAITING
from tableorder.openapi.logins import SESSION_ID
from tableorder.openapi.operations import Answer, Body, Operation
from tableorder.schemas import values
from tableorder.schemas.orders import (
    Order,
    OrderSchema,
    OrdersQuery,
    SessionOrdersQuery,
    StatusSchema,
    VoidQuery,
)


class SessionOrders(values.Document):
    session_id = values.session()
    table_number = values.number(least=1)
    total_session_amount = values.won("won, of all the session's orders")
    orders = values.list_of(Order)
    next_cursor = values.text("the `cursor` of the next page; null if `limit` did not cut off any", or_null=True)


class TableOrders(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()
    total_amount = values.won("won, of the orders listed")
    order_count = values.number("how many are listed")
    orders = values.list_of(Order)


class StoreOrders(values.Document):
    store_id = values.identifier()
    tables = values.list_of(TableOrders)


class OrderUpdated(values.Document):
    order_id = values.identifier()
    status = values.one_of(*STATUSES)


class OrderVoided(values.Document):
    message = values.text()
    order_id = values.identifier()
    table_id = values.identifier()


ARCHIVED = {
    "order_id": 31,
    "total_amount": 18000,
    "status": WAITING,
    "order_time": "2026-02-04T13:30:00.123456+09:00",
    "items": [
        {
            "order_item_id": 77,
            "menu_id": 1,
            "menu_name": "김치찌개",
            "quantity": 2,
            "unit_price": 9000,
            "subtotal": 18000,
        }
    ],
}
ORDER = {**ARCHIVED, "table_id": 3, "table_number": 3, "session_id": SESSION_ID}
OF_SESSION = {
    "session_id": SESSION_ID,
    "table_number": 3,
    "total_session_amount": 18000,
    "orders": [ORDER],
    "next_cursor": None,
}
OF_STORE = {
    "store_id": 1,
    "tables": [
        {
            "table_id": 3,
            "table_number": 3,
            "session_id": SESSION_ID,
            "total_amount": 18000,
            "order_count": 1,
            "orders": [ORDER],
        }
    ],
}

OPERATIONS = {
    "place_order": Operation(
        "Place an order",
        description="""\
The prices and names are the store's at this moment and stay so. An order that was answered with 201 is stored for good.

No answer came? Send the same again with the same Idempotency-Key: the first order is answered and no second one is
made, also if both arrive at once. Another body with that key is a 422.""",
        headers=("Idempotency-Key",),
        body=Body(OrderSchema, {"two of a menu": {"items": [{"menu_id": 1, "quantity": 2}]}}),
        answers={
            201: Answer(
                "The order, its items in the order sent",
                Order,
                ORDER,
                links={"order_id": ("get_session_order", "get_order", "update_order_status", "void_order")},
            )
        },
        problems=(
            "idempotency_key_invalid",
            "total_too_large",
            "menu_not_found",
            "menu_sold_out",
            "session_ended",
            "limit_reached",
            "too_many_orders",
            "idempotency_key_reused",
        ),
    ),
    "list_session_orders": Operation(
        "List the session's orders",
        description="Newest first. Without `limit`, all of them.",
        query=SessionOrdersQuery,
        answers={200: Answer("The orders of the current session", SessionOrders, OF_SESSION)},
        problems=("session_ended",),
    ),
    "get_session_order": Operation(
        "Get one of the session's orders",
        answers={200: Answer("The order", Order, ORDER)},
        problems=("order_not_found", "session_ended"),
    ),
    "list_orders": Operation(
        "List the open orders by table",
        description="The tables with an active session, by number; orders, newest first. Totals are of what is listed.",
        query=OrdersQuery,
        answers={200: Answer("What the counter sees", StoreOrders, OF_STORE)},
        problems=("table_not_found",),
    ),
    "get_order": Operation(
        "Get an open order",
        answers={200: Answer("The order", Order, ORDER)},
        problems=("order_not_found",),
    ),
    "update_order_status": Operation(
        "Move an order along",
        description=f"From {' to '.join(STATUSES)}. One may be left out; the same again is a 200; back is a 409.",
        body=Body(StatusSchema, {"being prepared": {"status": PREPARING}}),
        answers={200: Answer("The order's status", OrderUpdated, {"order_id": 31, "status": PREPARING})},
        problems=("order_not_found", "status_backwards"),
    ),
    "void_order": Operation(
        "Void an order",
        description="It leaves every list and total; who voided it, when, why and every line stay in the voids.",
        query=VoidQuery,
        answers={
            200: Answer(
                "The order is voided", OrderVoided, {"message": "the order is voided", "order_id": 31, "table_id": 3}
            )
        },
        problems=("order_not_found",),
    ),
}
