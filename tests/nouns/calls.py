"""Guests call the staff."""

from tableorder.domain.identities import AdminIdentity
from tableorder.repositories.calls import CallRepository

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
