"""Orders over HTTP: placed by a tablet, moved along by the counter; test_voids.py has how they are voided."""

import re

import pytest

from tests.api.client import UNKNOWN_ID, Tablet, expect, refused

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+09:00")


def test_an_order_is_answered_as_the_store_priced_it(restaurant, tablet, table_id, menu_id):
    rice_id = restaurant.add_menu(menu_name="공기밥", price=1000)
    order = expect(201, tablet.order((rice_id, 3), (menu_id, 2), (rice_id, 1)))
    assert isinstance(order.pop("order_id"), int)
    assert RFC3339.fullmatch(order.pop("order_time"))
    ids = [item.pop("order_item_id") for item in order["items"]]
    assert ids == sorted(set(ids))
    for item in order["items"]:
        assert (item.pop("base_price"), item.pop("options"), item.pop("note")) == (item["unit_price"], [], None)
        assert item.pop("category_name").startswith("분류") and item.pop("display_name") is None
    assert order.pop("menu_version") == expect(200, tablet.get("/customer/menus"))["version"]
    assert order == {
        "table_id": table_id,
        "table_number": 1,
        "session_id": tablet.claims["session_id"],
        "total_amount": 22000,
        "status": "대기중",
        "note": None,
        "items": [
            {"menu_id": rice_id, "menu_name": "공기밥", "quantity": 3, "unit_price": 1000, "subtotal": 3000},
            {"menu_id": menu_id, "menu_name": "김치찌개", "quantity": 2, "unit_price": 9000, "subtotal": 18000},
            {"menu_id": rice_id, "menu_name": "공기밥", "quantity": 1, "unit_price": 1000, "subtotal": 1000},
        ],
    }


def test_the_answer_is_what_is_read_back_everywhere(restaurant, tablet, table_id, menu_id):
    placed = expect(201, tablet.order((menu_id, 2)))
    assert expect(200, tablet.get(f"/customer/orders/{placed['order_id']}")) == placed
    assert expect(200, restaurant.admin.get(f"/admin/orders/{placed['order_id']}")) == placed
    assert expect(200, tablet.get("/customer/orders"))["orders"] == [placed]
    [table] = expect(200, restaurant.admin.get("/admin/orders"))["tables"]
    assert table["orders"] == [placed]


def test_fifty_lines_of_ninety_nine_are_the_most(restaurant, tablet, menu_id):
    order = expect(201, tablet.order(*[(menu_id, 99)] * 50))
    assert order["total_amount"] == 50 * 99 * 9000 and len(order["items"]) == 50
    refused(400, "validation_failed", tablet.order(*[(menu_id, 1)] * 51))
    refused(400, "validation_failed", tablet.order((menu_id, 100)))
    refused(400, "validation_failed", tablet.order((menu_id, 0)))
    refused(400, "validation_failed", tablet.order())


def test_a_total_that_no_integer_holds_is_refused(restaurant, tablet, query):
    menu_id = restaurant.add_menu(price=2_147_483_647)
    expect(201, tablet.order((menu_id, 1)))
    refused(400, "total_too_large", tablet.order((menu_id, 1), (menu_id, 1)))
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(1,)]


def test_the_clients_price_is_not_accepted(tablet, menu_id):
    line = {"menu_id": menu_id, "quantity": 1}
    problem = refused(400, "validation_failed", tablet.post("/customer/orders", {"items": [line | {"price": 1}]}))
    assert problem["errors"] == {"items": {"0": {"price": ["Unknown field."]}}}
    placed = expect(201, tablet.post("/customer/orders", {"items": [line | {"unit_price": 1, "subtotal": 1}]}))
    assert placed["total_amount"] == placed["items"][0]["unit_price"] == placed["items"][0]["subtotal"] == 9000


def test_an_order_keeps_its_names_and_prices_whatever_happens_to_the_menu(restaurant, tablet, table_id, menu_id):
    placed = expect(201, tablet.order((menu_id, 1)))
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 12000, "menu_name": "부대찌개"}))
    assert expect(200, tablet.get(f"/customer/orders/{placed['order_id']}")) == placed
    expect(200, restaurant.admin.delete(f"/admin/menus/{menu_id}"))
    assert expect(200, tablet.get(f"/customer/orders/{placed['order_id']}")) == placed
    expect(200, restaurant.end_session(table_id))
    [ended] = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))["history"]
    assert ended["archived_order_data"]["orders"][0]["items"] == placed["items"]


def test_unknown_deleted_and_foreign_menus_are_not_found(restaurant, open_restaurant, tablet, menu_id, query):
    deleted, foreign = restaurant.add_menu(), open_restaurant().add_menu()
    expect(200, restaurant.admin.delete(f"/admin/menus/{deleted}"))
    for missing in (UNKNOWN_ID, deleted, foreign):
        problem = refused(404, "menu_not_found", tablet.order((menu_id, 1), (missing, 1)))
        assert str(missing) in problem["detail"]
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(0,)]
    assert query("SELECT count(*) FROM order_items WHERE store_id = %s", restaurant.store_id) == [(0,)]


def test_a_sold_out_menu_is_refused_until_it_is_back(restaurant, tablet, menu_id, query):
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"is_available": False}))
    problem = refused(409, "menu_sold_out", tablet.order((restaurant.add_menu(), 1), (menu_id, 1)))
    assert str(menu_id) in problem["detail"]
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(0,)]
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"is_available": True}))
    expect(201, tablet.order((menu_id, 1)))


def test_an_ended_session_takes_no_order(restaurant, tablet, table_id, menu_id):
    expect(200, restaurant.end_session(table_id))
    refused(409, "session_ended", tablet.order((menu_id, 1)))
    refused(409, "session_ended", tablet.get("/customer/orders"))
    next_guests = restaurant.seat(1)
    refused(409, "session_ended", tablet.order((menu_id, 1)))
    expect(201, next_guests.order((menu_id, 1)))


def test_a_repeat_with_the_key_is_the_first_order(restaurant, tablet, table_id, menu_id, query):
    first = expect(201, tablet.order((menu_id, 1), key="lunch-1"))
    assert expect(201, tablet.order((menu_id, 1), key="lunch-1")) == first
    refused(422, "idempotency_key_reused", tablet.order((menu_id, 2), key="lunch-1"))
    assert expect(201, tablet.order((menu_id, 1), key="lunch-2"))["order_id"] != first["order_id"]
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(2,)]
    expect(200, restaurant.admin.patch(f"/admin/orders/{first['order_id']}/status", {"status": "완료"}))
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 1, "is_available": False}))
    assert expect(201, tablet.order((menu_id, 1), key="lunch-1")) == first
    expect(200, restaurant.admin.delete(f"/admin/orders/{first['order_id']}"))
    assert expect(201, tablet.order((menu_id, 1), key="lunch-1")) == first
    expect(200, restaurant.end_session(table_id))
    assert expect(201, tablet.order((menu_id, 1), key="lunch-1")) == first


def test_a_key_is_the_sessions_own(restaurant, tablet, table_id, menu_id):
    first = expect(201, tablet.order((menu_id, 1), key="1"))
    restaurant.add_table(2)
    assert expect(201, restaurant.seat(2).order((menu_id, 2), key="1"))["order_id"] != first["order_id"]
    expect(200, restaurant.end_session(table_id))
    assert expect(201, restaurant.seat(1).order((menu_id, 2), key="1"))["order_id"] != first["order_id"]


def test_a_refused_order_does_not_use_its_key_up(restaurant, tablet, menu_id):
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"is_available": False}))
    refused(409, "menu_sold_out", tablet.order((menu_id, 1), key="1"))
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"is_available": True}))
    expect(201, tablet.order((menu_id, 1), key="1"))


@pytest.mark.parametrize("key", ["x" * 255, "!", "a b", "é"])
def test_a_key_is_opaque(tablet, menu_id, key):
    headers = {"Idempotency-Key": key.encode("latin-1")}
    body = {"items": [{"menu_id": menu_id, "quantity": 1}]}
    first = expect(201, tablet.post("/customer/orders", body, headers=headers))
    assert expect(201, tablet.post("/customer/orders", body, headers=headers)) == first


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_has_1_to_255_characters(tablet, menu_id, key):
    refused(400, "idempotency_key_invalid", tablet.order((menu_id, 1), key=key))


def test_the_sessions_orders_are_listed_newest_first_and_in_pages(tablet, menu_id):
    placed = [expect(201, tablet.order((menu_id, n)))["order_id"] for n in range(1, 6)]
    listed = expect(200, tablet.get("/customer/orders"))
    assert [order["order_id"] for order in listed["orders"]] == placed[::-1]
    assert listed["total_session_amount"] == 15 * 9000
    assert (listed["session_id"], listed["table_number"]) == (tablet.claims["session_id"], 1)
    assert listed["next_cursor"] is None
    seen, cursor = [], ""
    while cursor is not None:
        page = expect(200, tablet.get(f"/customer/orders?limit=2{cursor and '&cursor=' + cursor}"))
        assert page["total_session_amount"] == 15 * 9000 and len(page["orders"]) <= 2
        seen += [order["order_id"] for order in page["orders"]]
        cursor = page["next_cursor"]
    assert seen == placed[::-1]
    assert expect(200, tablet.get("/customer/orders?limit=15"))["next_cursor"] is None  # no more than fit on the page


@pytest.mark.parametrize(
    "query_string", ["limit=0", "limit=101", "limit=x", "limit=-1", "cursor=x", "cursor=1-9999999999999999999"]
)
def test_rubbish_in_the_query_is_a_400(tablet, query_string):
    refused(400, "validation_failed", tablet.get(f"/customer/orders?{query_string}"))


def test_a_table_sees_its_current_session_only(restaurant, tablet, menu_id, open_restaurant):
    restaurant.add_table(2)
    neighbour = restaurant.seat(2)
    placed = expect(201, neighbour.order((menu_id, 1)))
    assert expect(200, tablet.get("/customer/orders"))["orders"] == []
    refused(404, "order_not_found", tablet.get(f"/customer/orders/{placed['order_id']}"))
    refused(404, "order_not_found", tablet.get(f"/customer/orders/{UNKNOWN_ID}"))


def test_the_counter_sees_tables_with_a_session_by_number_and_totals_of_what_is_listed(restaurant, menu_id):
    ids = {number: restaurant.add_table(number) for number in (3, 1, 2, 4)}
    tablets = {number: restaurant.seat(number) for number in (3, 1, 2)}
    first = expect(201, tablets[3].order((menu_id, 1)))
    second = expect(201, tablets[3].order((menu_id, 2)))
    other = expect(201, tablets[1].order((menu_id, 1)))
    expect(200, restaurant.admin.patch(f"/admin/orders/{first['order_id']}/status", {"status": "준비중"}))

    listed = expect(200, restaurant.admin.get("/admin/orders"))
    assert listed["store_id"] == restaurant.store_id
    assert [table["table_number"] for table in listed["tables"]] == [1, 2, 3]
    assert [table["table_id"] for table in listed["tables"]] == [ids[1], ids[2], ids[3]]
    assert [table["session_id"] for table in listed["tables"]] == [tablets[n].claims["session_id"] for n in (1, 2, 3)]
    assert [(table["total_amount"], table["order_count"]) for table in listed["tables"]] == [
        (9000, 1),
        (0, 0),
        (27000, 2),
    ]
    assert [order["order_id"] for order in listed["tables"][2]["orders"]] == [second["order_id"], first["order_id"]]

    waiting = expect(200, restaurant.admin.get("/admin/orders?status=대기중"))["tables"]
    assert [(table["total_amount"], table["order_count"]) for table in waiting] == [(9000, 1), (0, 0), (18000, 1)]
    [table] = expect(200, restaurant.admin.get(f"/admin/orders?table_id={ids[1]}"))["tables"]
    assert [order["order_id"] for order in table["orders"]] == [other["order_id"]]
    [table] = expect(200, restaurant.admin.get(f"/admin/orders?table_id={ids[3]}&status=준비중"))["tables"]
    assert (table["total_amount"], [order["order_id"] for order in table["orders"]]) == (9000, [first["order_id"]])
    assert expect(200, restaurant.admin.get(f"/admin/orders?table_id={ids[4]}"))["tables"] == []
    refused(404, "table_not_found", restaurant.admin.get(f"/admin/orders?table_id={UNKNOWN_ID}"))
    refused(400, "validation_failed", restaurant.admin.get("/admin/orders?status=done"))


@pytest.mark.parametrize("way", [("준비중", "완료"), ("완료",), ("대기중", "준비중", "준비중", "완료", "완료")])
def test_an_order_moves_along(restaurant, tablet, menu_id, way):
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    for status in way:
        answer = expect(200, restaurant.admin.patch(f"/admin/orders/{order_id}/status", {"status": status}))
        assert answer == {"order_id": order_id, "status": status}
        assert expect(200, tablet.get(f"/customer/orders/{order_id}"))["status"] == status


@pytest.mark.parametrize(("there", "back"), [("준비중", "대기중"), ("완료", "준비중"), ("완료", "대기중")])
def test_an_order_never_moves_back(restaurant, tablet, menu_id, there, back):
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    expect(200, restaurant.admin.patch(f"/admin/orders/{order_id}/status", {"status": there}))
    refused(409, "status_backwards", restaurant.admin.patch(f"/admin/orders/{order_id}/status", {"status": back}))
    assert expect(200, tablet.get(f"/customer/orders/{order_id}"))["status"] == there


@pytest.mark.parametrize(
    "body", [{}, {"status": "done"}, {"status": 1}, {"status": None}, {"status": "완료", "x": 1}, [], 1]
)
def test_an_unknown_status_is_a_400(restaurant, tablet, menu_id, body):
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    refused(400, "validation_failed", restaurant.admin.patch(f"/admin/orders/{order_id}/status", body))


def test_another_stores_orders_are_unknown(restaurant, open_restaurant, tablet, menu_id):
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    other = open_restaurant()
    foreign = other.admin.get(f"/admin/orders/{order_id}")
    unknown = other.admin.get(f"/admin/orders/{UNKNOWN_ID}")
    assert refused(404, "order_not_found", foreign)["detail"].replace(str(order_id), "?") == (
        refused(404, "order_not_found", unknown)["detail"].replace(str(UNKNOWN_ID), "?")
    )
    refused(404, "order_not_found", other.admin.patch(f"/admin/orders/{order_id}/status", {"status": "완료"}))
    refused(404, "order_not_found", other.admin.delete(f"/admin/orders/{order_id}"))
    assert expect(200, other.admin.get("/admin/voids"))["voids"] == []
    assert expect(200, other.admin.get("/admin/orders"))["tables"] == []
    assert expect(200, tablet.get(f"/customer/orders/{order_id}"))["status"] == "대기중"


def test_a_table_whose_row_is_gone_can_no_longer_order(restaurant, table_id, tablet, menu_id):
    expect(200, restaurant.end_session(table_id))
    expect(200, restaurant.admin.delete(f"/admin/tables/{table_id}"))
    refused(401, "token_revoked", tablet.order((menu_id, 1)))
    refused(401, "token_revoked", tablet.get("/customer/orders"))


def test_a_tablet_shows_the_tables_present_number(restaurant, table_id, tablet: Tablet, menu_id):
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_number": 77}))
    assert expect(201, tablet.order((menu_id, 1)))["table_number"] == 77
    assert expect(200, tablet.get("/customer/orders"))["table_number"] == 77
