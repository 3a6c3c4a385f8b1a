"""Guests call the staff."""

from tableorder.domain.identities import AdminIdentity
from tableorder.repositories.calls import CallRepository
from tests.api.client import expect
from tests.noun_entries import Call

TABLE_ROUTES = {
    ("GET", "/api/v1/customer/call-items"): Call(200),
    ("POST", "/api/v1/customer/calls"): Call(200, ended=(409, "session_ended")),  # the shop's call is open
    ("GET", "/api/v1/customer/calls/current"): Call(200, ended=(409, "session_ended")),
    ("DELETE", "/api/v1/customer/calls/current"): Call(200, ended=(409, "session_ended")),
}
ADMIN_ROUTES = {
    ("GET", "/api/v1/admin/calls"): Call(200, query={"open": "true"}),
    ("POST", "/api/v1/admin/calls/{call}/take"): Call(200),
    ("POST", "/api/v1/admin/calls/{call}/close"): Call(200),
    ("GET", "/api/v1/admin/call-items"): Call(200),
    ("POST", "/api/v1/admin/call-items"): Call(201, {"label": "냅킨"}),
    ("PATCH", "/api/v1/admin/call-items/{call_item}"): Call(200, {"max_quantity": 4}),
    ("DELETE", "/api/v1/admin/call-items/{call_item}"): Call(200),
}
BOUNDS = {
    "call_items": "LIMIT_CALL_ITEMS: tests/api/test_calls.py::test_a_store_has_so_many_items",
    "calls": "LIMIT_SESSION_CALLS, and they go with their session: "
    "tests/api/test_calls.py::test_a_session_has_so_many_calls",
}
ITEM = {"label": "물티슈", "max_quantity": 3, "display_order": 0, "is_active": True, "translations": {}}
ADMIN = AdminIdentity(50, "admin-50")


def _item_id(connection):
    return connection.fetch_value("SELECT max(call_item_id) FROM call_items")


def _call_id(connection, table):
    return connection.fetch_value("SELECT max(call_id) FROM calls WHERE session_id = %(s)s", {"s": table.session_id})


PLANS = {
    "calls.list_offered": lambda c, t: CallRepository(c).list_offered(store_id=t.store_id, lang="en"),
    "calls.list_items": lambda c, t: CallRepository(c).list_items(store_id=t.store_id),
    "calls.add_item": lambda c, t: CallRepository(c).add_item(store_id=t.store_id, values=ITEM),
    "calls.update_item": lambda c, t: CallRepository(c).update_item(call_item_id=_item_id(c), changes={"label": "물"}),
    "calls.delete_item": lambda c, t: CallRepository(c).delete_item(call_item_id=_item_id(c)),
    "calls.place": lambda c, t: CallRepository(c).place(table=t, items=[], note=None),
    "calls.get_current": lambda c, t: CallRepository(c).get_current(table=t),
    "calls.take_back": lambda c, t: CallRepository(c).take_back(table=t),
    "calls.list": lambda c, t: CallRepository(c).list(store_id=t.store_id, open=False, limit=20, cursor=None),
    "calls.list, the open ones": lambda c, t: CallRepository(c).list(
        store_id=t.store_id, open=True, limit=20, cursor=None
    ),
    "calls.take": lambda c, t: CallRepository(c).take(call_id=_call_id(c, t), admin=ADMIN),
    "calls.close": lambda c, t: CallRepository(c).close(call_id=_call_id(c, t), admin=ADMIN),
}


def add_ids(restaurant, tablet):
    return {
        "call": expect(201, tablet.post("/customer/calls", {}))["call_id"],
        "call_item": expect(201, restaurant.admin.post("/admin/call-items", {"label": "물"}))["call_item_id"],
    }


def add_rows(connection, shop):
    """Imported here: tests/factories.py finds this module."""
    from tests.factories import exists, insert

    if exists(connection, "calls"):
        insert(connection, "call_items", "call_item_id", store_id=shop.store_id, label="물")
        call = {"session_id": shop.session_id, "table_id": shop.table_id, "table_number": 1, "items": "[]"}
        insert(connection, "calls", "call_id", store_id=shop.store_id, **call)
