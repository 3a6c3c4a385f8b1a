"""Voided orders: gone from the lists, kept with every line."""

from datetime import datetime, timedelta

import pytest

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


def test_no_void_repeats_or_is_skipped_while_others_come(restaurant, tablet, menu_id):
    def void() -> int:
        order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
        expect(200, restaurant.admin.delete(f"/admin/orders/{order_id}"))
        return order_id

    there = [void() for _ in range(5)]
    walked, cursor = [], ""
    while cursor is not None:
        page = expect(200, restaurant.admin.get(f"/admin/voids?limit=2{cursor and '&cursor=' + cursor}"))
        walked += [entry["order_id"] for entry in page["voids"]]
        cursor = page["next_cursor"]
        there_now = void()
    assert walked == there[::-1] and there_now not in walked
    assert page["total_count"] == 7


def test_voids_of_one_microsecond_come_in_pages(restaurant, table_id, query):
    query(
        "INSERT INTO order_voids"
        "       (store_id, order_id, session_id, table_id, table_number, voided_at, voided_by, voided_order)"
        " SELECT %s, 1000000000 + %s * 10 + n, gen_random_uuid(), %s, 1, '2026-02-04 00:00+09', '사장', '{}'"
        "   FROM generate_series(1, 5) AS n",
        *(restaurant.store_id, restaurant.store_id, table_id),
    )
    walked, cursor = [], ""
    while cursor is not None:
        page = expect(200, restaurant.admin.get(f"/admin/voids?limit=2{cursor and '&cursor=' + cursor}"))
        walked += [entry["void_id"] for entry in page["voids"]]
        cursor = page["next_cursor"]
    assert len(walked) == 5 and walked == sorted(set(walked), reverse=True)


@pytest.mark.parametrize(
    ("query_string", "expected"),
    [
        ("", [3, 2, 1]),
        ("start_date=2026-02-04", [3, 2]),
        ("end_date=2026-02-04", [2, 1]),
        ("end_date=2026-02-03", [1]),
        ("start_date=2026-02-04&end_date=2026-02-04", [2]),
        ("start_date=2026-02-06", []),
    ],
)
def test_voids_of_some_days(restaurant, table_id, query, query_string, expected):
    times = ("2026-02-03 23:59:59.999999+09", "2026-02-04 00:00+09", "2026-02-05 12:00+09")
    for number, time in enumerate(times, 1):
        query(
            "INSERT INTO order_voids"
            "       (store_id, order_id, session_id, table_id, table_number, voided_at, voided_by, voided_order)"
            " VALUES (%s, %s, gen_random_uuid(), %s, %s, %s, '사장', '{}')",
            *(restaurant.store_id, 1_500_000_000 + restaurant.store_id * 10 + number, table_id, number, time),
        )
    page = expect(200, restaurant.admin.get(f"/admin/voids?{query_string}"))
    assert [entry["table_number"] for entry in page["voids"]] == expected
    assert (page["total_count"], page["next_cursor"]) == (len(expected), None)
