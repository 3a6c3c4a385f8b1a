"""Ending a session: the meal moves from the live tables to the history."""

import pytest

from tests.api.client import UNKNOWN_ID, expect, refused


@pytest.fixture
def table_id(restaurant):
    return restaurant.add_table(4)


def test_an_ended_session_is_moved_into_the_history(restaurant, table_id, query):
    menu_id = restaurant.add_menu(price=9000)
    tablet = restaurant.seat(4)
    session_id = tablet.claims["session_id"]
    placed = [expect(201, tablet.order((menu_id, n))) for n in (1, 2)]
    expect(200, restaurant.admin.patch(f"/admin/orders/{placed[0]['order_id']}/status", {"status": "완료"}))
    ended = expect(200, restaurant.end_session(table_id))
    assert ended.pop("message")
    assert ended == {
        "table_id": table_id,
        "table_number": 4,
        "session_id": session_id,
        "total_session_amount": 27000,
        "order_count": 2,
    }
    for table in ("orders", "order_items"):
        assert query(f"SELECT count(*) FROM {table} WHERE store_id = %s", restaurant.store_id) == [(0,)]
    [(active, end_time)] = query("SELECT is_active, end_time FROM table_sessions WHERE session_id = %s", session_id)
    assert not active and end_time
    [table] = expect(200, restaurant.admin.get("/admin/tables"))["tables"]
    assert table["current_session_id"] is None

    history = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))
    [archived] = history.pop("history")
    assert history == {"table_id": table_id, "table_number": 4, "total_count": 1, "next_cursor": None}
    assert archived["session_id"] == session_id and isinstance(archived["history_id"], int)
    statuses = ("완료", "대기중")
    fields = ("order_id", "order_time", "total_amount", "note", "menu_version", "items")
    assert archived["archived_order_data"] == {
        "orders": [
            {name: order[name] for name in fields} | {"status": status, "voided_lines": []}
            for order, status in zip(placed, statuses, strict=True)
        ],
        "session_total": 27000,
        "calls": [],
    }


def test_a_table_without_a_session_is_a_409(restaurant, table_id):
    refused(409, "no_active_session", restaurant.end_session(table_id))
    restaurant.seat(4)
    expect(200, restaurant.end_session(table_id))
    refused(409, "no_active_session", restaurant.end_session(table_id))
    refused(404, "table_not_found", restaurant.end_session(UNKNOWN_ID))


def test_a_session_without_orders_is_archived_too(restaurant, table_id):
    restaurant.seat(4)
    ended = expect(200, restaurant.end_session(table_id))
    assert (ended["total_session_amount"], ended["order_count"]) == (0, 0)
    [archived] = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))["history"]
    assert archived["archived_order_data"] == {"orders": [], "session_total": 0, "calls": []}
