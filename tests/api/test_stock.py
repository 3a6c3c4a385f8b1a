"""Stock: what is left of a dish or an option, whoever orders or voids at the same moment."""

from __future__ import annotations

import functools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.client import UNKNOWN_ID, at_once, expect, refused
from tests.api.test_options import add_group, attach, chosen, item, menus_of, order


def count_anew(restaurant, remaining, low_at=None, **subject):
    return restaurant.admin.put("/admin/stock", {"remaining": remaining, "low_at": low_at, **subject})


def stock_of(restaurant):
    return {row["stock_id"]: row["remaining"] for row in expect(200, restaurant.admin.get("/admin/stock"))["stock"]}


def adjust(restaurant, stock_id, delta, reason, key="1"):
    headers = {"Idempotency-Key": key} if key else None
    body = {"delta": delta, "reason": reason}
    return restaurant.admin.post(f"/admin/stock/{stock_id}/adjust", body, headers=headers)


@pytest.fixture
def events(restaurant, query):
    def read():
        return [
            data
            for (data,) in query(
                "SELECT event_data FROM events WHERE store_id = %s AND event_type = 'stock_changed' ORDER BY event_id",
                restaurant.store_id,
            )
        ]

    return read


def test_an_order_takes_from_the_stock_and_the_last_one_sells_out(restaurant, tablet, menu_id, events):
    counted = expect(200, count_anew(restaurant, 3, low_at=1, menu_id=menu_id))
    assert (counted["remaining"], counted["low_at"], counted["epoch"], counted["option_id"]) == (3, 1, 1, None)
    version = expect(200, tablet.get("/customer/menus"))["version"]
    expect(201, order(tablet, item(menu_id)))
    assert expect(200, tablet.get("/customer/menus"))["version"] == version  # no tablet fetches it for each sale
    assert events() == []
    problem = refused(409, "menu_sold_out", order(tablet, item(menu_id), item(menu_id, 2)))
    assert (problem["remaining"], problem["requested"], problem["item"]) == (2, 3, 0)
    expect(201, order(tablet, item(menu_id)))
    assert [event["remaining"] for event in events()] == [1]
    expect(201, order(tablet, item(menu_id)))
    assert [event["remaining"] for event in events()] == [1, 0]
    assert expect(200, tablet.get("/customer/menus"))["version"] != version
    assert menus_of(tablet)[menu_id]["is_available"] is False
    [menu] = expect(200, restaurant.admin.get("/admin/menus"))["categories"][0]["menus"]
    assert (menu["is_available"], menu["orderable"], menu["remaining"]) == (True, False, 0)
    assert refused(409, "menu_sold_out", order(tablet, item(menu_id)))["remaining"] == 0
    expect(200, count_anew(restaurant, None, menu_id=menu_id))
    assert menus_of(tablet)[menu_id]["is_available"] and stock_of(restaurant) == {}
    expect(201, order(tablet, item(menu_id)))


def test_an_option_is_counted_with_its_quantities(restaurant, tablet, menu_id):
    group_id, [cheese] = add_group(restaurant, ("치즈", 500), max_select=4, max_each=4)
    expect(200, attach(restaurant, menu_id, group_id))
    expect(200, count_anew(restaurant, 5, option_id=cheese))
    two = [{"option_id": cheese, "quantity": 2}]
    expect(201, order(tablet, item(menu_id, 2, options=two)))
    problem = refused(409, "option_sold_out", order(tablet, item(menu_id, options=two)))
    assert (problem["option_id"], problem["remaining"], problem["requested"]) == (cheese, 1, 2)
    expect(201, order(tablet, item(menu_id, options=chosen(cheese))))
    [group] = menus_of(tablet)[menu_id]["option_groups"]
    assert group["options"][0]["is_available"] is False
    [admins] = expect(200, restaurant.admin.get("/admin/option-groups"))["option_groups"]
    assert [(o["is_available"], o["orderable"], o["remaining"]) for o in admins["options"]] == [(True, False, 0)]


def test_a_quote_tells_what_is_left(restaurant, tablet, menu_id):
    expect(200, count_anew(restaurant, 1, menu_id=menu_id))
    problem = refused(409, "quote_mismatch", order(tablet, item(menu_id, 2), expected_total=18000))
    assert problem["lines"][0]["problem"] == {"code": "menu_sold_out", "remaining": 1, "requested": 2}


def test_adjusting_needs_a_key_and_a_sign(restaurant, menu_id):
    stock_id = expect(200, count_anew(restaurant, 5, menu_id=menu_id))["stock_id"]
    refused(400, "idempotency_key_required", adjust(restaurant, stock_id, 1, "added", key=None))
    assert expect(200, adjust(restaurant, stock_id, 3, "added"))["remaining"] == 8
    assert expect(200, adjust(restaurant, stock_id, 3, "added"))["remaining"] == 8
    refused(422, "idempotency_key_reused", adjust(restaurant, stock_id, 4, "added"))
    assert expect(200, adjust(restaurant, stock_id, -2, "waste", "2"))["remaining"] == 6
    assert refused(409, "stock_short", adjust(restaurant, stock_id, -7, "waste", "3"))["remaining"] == 6
    for delta, reason in ((0, "added"), (-1, "added"), (1, "waste"), (1, "sold")):
        refused(400, "validation_failed", adjust(restaurant, stock_id, delta, reason, "4"))
    refused(404, "stock_not_found", adjust(restaurant, UNKNOWN_ID, 1, "added", "5"))
    expect(200, count_anew(restaurant, None, menu_id=menu_id))
    refused(409, "stock_not_counted", adjust(restaurant, stock_id, 1, "added", "6"))


def test_what_is_counted_is_one_thing_that_is_there(restaurant, open_restaurant, menu_id):
    put = functools.partial(restaurant.admin.put, "/admin/stock")
    refused(400, "validation_failed", put({"remaining": 1}))
    refused(400, "validation_failed", put({"menu_id": menu_id, "option_id": 1, "remaining": 1}))
    refused(400, "validation_failed", put({"menu_id": menu_id, "remaining": -1}))
    refused(400, "validation_failed", put({"menu_id": menu_id}))
    refused(404, "menu_not_found", put({"menu_id": open_restaurant().add_menu(), "remaining": 1}))
    refused(404, "option_not_found", put({"option_id": UNKNOWN_ID, "remaining": 1}))
    expect(200, put({"menu_id": menu_id, "remaining": 1}))
    assert expect(200, put({"menu_id": menu_id, "remaining": 1}))["epoch"] == 2
    expect(200, restaurant.admin.delete(f"/admin/menus/{menu_id}"))
    refused(404, "menu_not_found", put({"menu_id": menu_id, "remaining": 1}))
    assert stock_of(restaurant) == {}


@pytest.mark.parametrize(
    ("status", "query_string", "left"),
    [("대기중", "", 5), ("준비중", "", 3), ("준비중", "?restock=true", 5), ("완료", "?restock=false", 3)],
)
def test_a_void_gives_back_what_was_not_cooked(restaurant, tablet, menu_id, status, query_string, left):
    stock_id = expect(200, count_anew(restaurant, 5, menu_id=menu_id))["stock_id"]
    order_id = expect(201, order(tablet, item(menu_id, 2)))["order_id"]
    if status != "대기중":
        expect(200, restaurant.admin.patch(f"/admin/orders/{order_id}/status", {"status": status}))
    expect(200, restaurant.admin.delete(f"/admin/orders/{order_id}{query_string}"))
    assert stock_of(restaurant) == {stock_id: left}
    refused(404, "order_not_found", restaurant.admin.delete(f"/admin/orders/{order_id}?restock=true"))
    assert stock_of(restaurant) == {stock_id: left}


def test_nothing_is_given_back_into_another_epoch(restaurant, tablet, menu_id):
    stock_id = expect(200, count_anew(restaurant, 5, menu_id=menu_id))["stock_id"]
    order_id = expect(201, order(tablet, item(menu_id, 2)))["order_id"]
    expect(200, count_anew(restaurant, 10, menu_id=menu_id))
    expect(200, restaurant.admin.delete(f"/admin/orders/{order_id}"))
    assert stock_of(restaurant) == {stock_id: 10}


def test_sixteen_guests_for_the_last_three_portions(restaurant, menu_id):
    expect(200, count_anew(restaurant, 3, menu_id=menu_id))
    tablets = [restaurant.add_table(n) and restaurant.seat(n) for n in range(1, 17)]
    answers = at_once(*[functools.partial(order, tablet, item(menu_id)) for tablet in tablets])
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 13
    assert {answer.json()["code"] for answer in answers if not answer.ok} == {"menu_sold_out"}
    assert [*stock_of(restaurant).values()] == [0]


@pytest.mark.parametrize("round_", range(5))
def test_two_voids_of_one_order_give_back_once(restaurant, tablet, menu_id, round_):
    expect(200, count_anew(restaurant, 3, menu_id=menu_id))
    order_id = expect(201, order(tablet, item(menu_id, 2)))["order_id"]
    void = functools.partial(restaurant.admin.delete, f"/admin/orders/{order_id}?restock=true")
    assert sorted(answer.status_code for answer in at_once(*[void] * 4)) == [200, 404, 404, 404]
    assert [*stock_of(restaurant).values()] == [3]


@pytest.mark.parametrize("round_", range(5))
def test_an_order_that_races_a_void_for_the_last_portion_is_never_refused_after_it(restaurant, tablet, menu_id, round_):
    """One portion is in an order that is voided: of the order and the void whichever comes first decides."""
    expect(200, count_anew(restaurant, 1, menu_id=menu_id))
    order_id = expect(201, order(tablet, item(menu_id)))["order_id"]
    restaurant.add_table(2)
    other = restaurant.seat(2)
    bought, voided = at_once(
        functools.partial(order, other, item(menu_id)),
        functools.partial(restaurant.admin.delete, f"/admin/orders/{order_id}"),
    )
    expect(200, voided)
    assert bought.status_code in (201, 409)
    assert [*stock_of(restaurant).values()] == [0 if bought.ok else 1]


def test_random_orders_of_many_counted_menus_never_deadlock(restaurant, query):
    menus = [restaurant.add_menu(price=1000) for _ in range(12)]
    for menu_id in menus:
        expect(200, count_anew(restaurant, 100000, menu_id=menu_id))
    tablets = [restaurant.add_table(n) and restaurant.seat(n) for n in range(1, 9)]

    def evening(tablet):
        draw = random.Random(tablet.claims["table_id"])
        for _ in range(25):
            expect(201, order(tablet, *[item(menu_id) for menu_id in draw.sample(menus, 10)]))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(evening, tablets))
    assert sum(stock_of(restaurant).values()) == 12 * 100000 - 8 * 25 * 10
    [(sold,)] = query("SELECT sum(delta) FROM stock_moves WHERE store_id = %s AND reason = 'sold'", restaurant.store_id)
    assert sold == -8 * 25 * 10
