"""Voided orders: gone from the lists, kept with every line."""

from datetime import datetime, timedelta

from tests.api.client import expect, refused


def test_a_voided_order_is_off_the_lists_and_on_the_books(restaurant, tablet, table_id, menu_id):
    kept = expect(201, tablet.order((menu_id, 1)))
    voided = expect(201, tablet.order((menu_id, 2)))
    expect(200, restaurant.admin.patch(f"/admin/orders/{voided['order_id']}/status", {"status": "준비중"}))
    answer = expect(200, restaurant.admin.delete(f"/admin/orders/{voided['order_id']}?reason=잘못 눌렀어요"))
    assert answer["order_id"] == voided["order_id"] and answer["table_id"] == table_id and answer["message"]

    listed = expect(200, tablet.get("/customer/orders"))
    assert (listed["orders"], listed["total_session_amount"]) == ([kept], 9000)
    refused(404, "order_not_found", tablet.get(f"/customer/orders/{voided['order_id']}"))
    refused(404, "order_not_found", restaurant.admin.delete(f"/admin/orders/{voided['order_id']}"))
    books = expect(200, restaurant.admin.get("/admin/voids"))
    assert (books["store_id"], books["total_count"]) == (restaurant.store_id, 1)
    [entry] = books["voids"]
    assert entry["voided_by"] == restaurant.username and entry["reason"] == "잘못 눌렀어요"
    assert datetime.fromisoformat(entry["voided_at"]).utcoffset() == timedelta(hours=9)
    assert entry["order"] == voided | {"status": "준비중"}

    ended = expect(200, restaurant.end_session(table_id))
    assert (ended["total_session_amount"], ended["order_count"]) == (9000, 1)
    assert expect(200, restaurant.admin.get("/admin/voids"))["voids"] == [entry]


def test_voids_come_in_pages(restaurant, tablet, menu_id):
    ids = [expect(201, tablet.order((menu_id, 1)))["order_id"] for _ in range(3)]
    for order_id in ids:
        expect(200, restaurant.admin.delete(f"/admin/orders/{order_id}"))
    page = expect(200, restaurant.admin.get("/admin/voids?limit=2&offset=1"))
    assert page["total_count"] == 3 and [entry["order_id"] for entry in page["voids"]] == [ids[1], ids[0]]
    assert page["voids"][0]["reason"] is None
    refused(400, "validation_failed", restaurant.admin.get("/admin/voids?limit=101"))
