"""Options, notes and quotes: what a guest chooses, what it costs, and what is kept of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.api.client import UNKNOWN_ID, expect, refused

numbers = count(1)


def add_group(restaurant, *options, **group):
    """A group and its options, each (name, price_delta) with further fields; the ids."""
    body = {"group_name": f"그룹 {next(numbers)}", **group}
    group_id = expect(201, restaurant.admin.post("/admin/option-groups", body))["group_id"]
    ids = [add_option(restaurant, group_id, *option) for option in options]
    return group_id, ids


def add_option(restaurant, group_id, name, price_delta=0, fields=None):
    body = {"option_name": name, "price_delta": price_delta, **(fields or {})}
    return expect(201, restaurant.admin.post(f"/admin/option-groups/{group_id}/options", body))["option_id"]


def attach(restaurant, menu_id, *group_ids):
    return restaurant.admin.put(f"/admin/menus/{menu_id}/option-groups", {"group_ids": [*group_ids]})


def order(tablet, *items, key=None, **body):
    headers = {"Idempotency-Key": key} if key else None
    return tablet.post("/customer/orders", {"items": [*items], **body}, headers=headers)


def item(menu_id, quantity=1, **fields):
    return {"menu_id": menu_id, "quantity": quantity, **fields}


def chosen(*option_ids):
    return [{"option_id": option_id} for option_id in option_ids]


def menus_of(tablet):
    listed = expect(200, tablet.get("/customer/menus"))
    return {menu["menu_id"]: menu for category in listed["categories"] for menu in category["menus"]}


@pytest.fixture
def size(restaurant, menu_id):
    """A required group of the menu with one default: (group_id, [보통, 곱빼기])."""
    group_id, ids = add_group(
        restaurant,
        ("보통", 0, {"is_default": True}),
        ("곱빼기", 2000),
        group_name="사이즈",
        min_select=1,
    )
    expect(200, attach(restaurant, menu_id, group_id))
    return group_id, ids


@pytest.fixture
def toppings(restaurant, menu_id, size):
    """A second group of the menu, up to three and up to two of each: (group_id, [치즈, 만두])."""
    group_id, ids = add_group(restaurant, ("치즈", 500), ("만두", 1000), group_name="토핑", max_select=3, max_each=2)
    expect(200, attach(restaurant, menu_id, size[0], group_id))
    return group_id, ids


def test_guests_get_the_groups_with_the_menu_in_their_order(restaurant, tablet, menu_id, size, toppings):
    first, second = menus_of(tablet)[menu_id]["option_groups"]
    assert first == {
        "group_id": size[0],
        "group_name": "사이즈",
        "min_select": 1,
        "max_select": 1,
        "max_each": 1,
        "display_order": first["display_order"],
        "options": [
            {
                "option_id": size[1][0],
                "option_name": "보통",
                "price_delta": 0,
                "is_available": True,
                "is_default": True,
                "allergens": None,
                "display_order": 0,
            },
            {
                "option_id": size[1][1],
                "option_name": "곱빼기",
                "price_delta": 2000,
                "is_available": True,
                "is_default": False,
                "allergens": None,
                "display_order": 1,
            },
        ],
    }
    assert (second["group_name"], second["max_select"], second["max_each"]) == ("토핑", 3, 2)
    expect(200, attach(restaurant, menu_id, toppings[0], size[0]))
    assert [group["group_id"] for group in menus_of(tablet)[menu_id]["option_groups"]] == [toppings[0], size[0]]


def test_a_line_keeps_what_was_chosen_and_what_it_cost(restaurant, tablet, table_id, menu_id, size, toppings, query):
    sent = item(
        menu_id,
        2,
        options=[{"option_id": size[1][1]}, {"option_id": toppings[1][0], "quantity": 2}],
        note="파 빼고 🌶️ مرحبا",
    )
    placed = expect(201, order(tablet, sent, item(menu_id), note="한꺼번에 주세요"))
    first, second = placed["items"]
    assert (first["base_price"], first["unit_price"], first["subtotal"]) == (9000, 12000, 24000)
    assert first["options"] == [
        {
            "option_id": size[1][1],
            "group_name": "사이즈",
            "option_name": "곱빼기",
            "price_delta": 2000,
            "quantity": 1,
        },
        {
            "option_id": toppings[1][0],
            "group_name": "토핑",
            "option_name": "치즈",
            "price_delta": 500,
            "quantity": 2,
        },
    ]
    assert first["note"] == "파 빼고 🌶️ مرحبا" and first["category_name"]
    assert [option["option_name"] for option in second["options"]] == ["보통"]  # the default, for nothing was said
    assert (second["unit_price"], second["note"]) == (9000, None)
    assert (placed["total_amount"], placed["note"]) == (33000, "한꺼번에 주세요")

    expect(200, restaurant.admin.patch(f"/admin/options/{size[1][1]}", {"option_name": "특대", "price_delta": 5000}))
    expect(200, restaurant.admin.delete(f"/admin/options/{toppings[1][0]}"))
    [table] = expect(200, restaurant.admin.get("/admin/orders"))["tables"]
    assert table["orders"] == expect(200, tablet.get("/customer/orders"))["orders"] == [placed]
    [(event,)] = query(
        "SELECT event_data FROM events WHERE store_id = %s AND event_type = 'order_created'", restaurant.store_id
    )
    assert event == placed
    expect(200, restaurant.end_session(table_id))
    [entry] = expect(200, restaurant.admin.get("/admin/history"))["history"]
    [archived] = entry["archived_order_data"]["orders"]
    assert archived["items"] == placed["items"] and archived["note"] == placed["note"]


def test_no_options_are_not_the_defaults(restaurant, tablet, menu_id):
    group_id, ids = add_group(restaurant, ("김치", 0, {"is_default": True}), max_select=2)
    expect(200, attach(restaurant, menu_id, group_id))
    for options, names in (({}, ["김치"]), ({"options": None}, ["김치"]), ({"options": []}, [])):
        placed = expect(201, order(tablet, item(menu_id, **options)))
        assert [option["option_name"] for option in placed["items"][0]["options"]] == names
    expect(200, restaurant.admin.patch(f"/admin/options/{ids[0]}", {"is_available": False}))
    assert expect(201, order(tablet, item(menu_id)))["items"][0]["options"] == []


def test_each_refusal_says_what_is_wrong(restaurant, open_restaurant, tablet, menu_id, size, toppings, query):
    _, other_options = add_group(restaurant, ("밥", 0))
    _, foreign_options = add_group(open_restaurant(), ("밥", 0))
    normal, double = size[1]
    cheese, _ = toppings[1]
    retired = add_option(restaurant, toppings[0], "라면", 0)
    expect(200, restaurant.admin.delete(f"/admin/options/{retired}"))

    def problem(status, code, *options, **fields):
        return refused(status, code, order(tablet, item(menu_id), item(menu_id, options=[*options], **fields)))

    for option_id in (UNKNOWN_ID, retired, foreign_options[0]):
        found = problem(404, "option_not_found", {"option_id": normal}, {"option_id": option_id})
        assert (found["item"], found["option_id"]) == (1, option_id)
    found = problem(409, "option_not_offered", {"option_id": normal}, {"option_id": other_options[0]})
    assert (found["item"], found["option_id"]) == (1, other_options[0])
    found = problem(409, "options_mismatch")
    assert (found["item"], found["group_id"], found["min_select"], found["max_select"], found["selected"]) == (
        1, size[0], 1, 1, 0,
    )  # fmt: skip
    assert problem(409, "options_mismatch", {"option_id": normal}, {"option_id": double})["selected"] == 2
    found = problem(409, "options_mismatch", {"option_id": normal}, {"option_id": cheese, "quantity": 3})
    assert (found["group_id"], found["option_id"], found["max_each"]) == (toppings[0], cheese, 2)
    assert (
        problem(409, "options_mismatch", {"option_id": normal}, {"option_id": cheese, "quantity": 99})["max_each"] == 2
    )
    assert problem(409, "limit_reached", *chosen(*range(1, 32)))["limit"] == 30
    expect(200, restaurant.admin.patch(f"/admin/options/{double}", {"is_available": False}))
    assert problem(409, "option_sold_out", {"option_id": double})["option_id"] == double
    expect(200, restaurant.admin.patch(f"/admin/options/{normal}", {"price_delta": -9000}))
    refused(409, "line_price_too_low", order(tablet, item(menu_id, options=chosen(normal))))
    quoted = refused(409, "quote_mismatch", order(tablet, item(menu_id, options=chosen(normal)), expected_total=-1))
    assert quoted["lines"][0]["problem"]["code"] == "line_price_too_low"
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(0,)]


@pytest.mark.parametrize(
    "options",
    [
        [{"option_id": 1}, {"option_id": 1}],
        [{"option_id": 1, "quantity": 0}],
        [{"option_id": 1, "quantity": 100}],
        [{"optoin_id": 1}],
        [1],
        {"option_id": 1},
        "1",
    ],
)
def test_options_that_are_no_choice_are_a_400(tablet, menu_id, options):
    refused(400, "validation_failed", order(tablet, item(menu_id, options=options)))


@pytest.mark.parametrize("note", ["두\n줄", "x" * 101, "가\u202e나", "\u3164", 5])
def test_a_note_is_one_line_of_text(tablet, menu_id, note):
    refused(400, "validation_failed", order(tablet, item(menu_id, note=note)))


def test_a_blank_note_is_null(tablet, menu_id):
    assert expect(201, order(tablet, item(menu_id, note=" "), note=""))["note"] is None


def test_what_was_answered_may_be_sent_again(tablet, menu_id, size):
    placed = expect(201, order(tablet, item(menu_id, options=chosen(size[1][1]), note="덜 맵게")))
    again = expect(201, tablet.post("/customer/orders", placed))
    changing = ("order_item_id",)
    assert [{k: v for k, v in i.items() if k not in changing} for i in again["items"]] == [
        {k: v for k, v in i.items() if k not in changing} for i in placed["items"]
    ]


def test_a_menu_whose_group_cannot_be_satisfied_is_sold_out(restaurant, tablet, menu_id, size):
    etag = tablet.get("/customer/menus").headers["ETag"]
    for option_id in size[1]:
        expect(200, restaurant.admin.patch(f"/admin/options/{option_id}", {"is_available": False}))
    answer = tablet.get("/customer/menus", headers={"If-None-Match": etag})
    assert expect(200, answer)["categories"][0]["menus"][0]["is_available"] is False
    refused(409, "menu_sold_out", order(tablet, item(menu_id)))
    [menu] = expect(200, restaurant.admin.get("/admin/menus"))["categories"][0]["menus"]
    assert (menu["is_available"], menu["orderable"]) == (True, False)
    expect(200, restaurant.admin.patch(f"/admin/options/{size[1][1]}", {"is_available": True}))
    assert menus_of(tablet)[menu_id]["is_available"]
    expect(201, order(tablet, item(menu_id, options=chosen(size[1][1]))))


def test_a_group_that_a_menu_has_stays_satisfiable(restaurant, menu_id, size):
    group_id, (normal, double) = size
    admin = restaurant.admin
    expect(200, admin.delete(f"/admin/options/{double}"))
    refused(409, "group_unsatisfiable", admin.delete(f"/admin/options/{normal}"))
    refused(
        409, "group_unsatisfiable", admin.patch(f"/admin/option-groups/{group_id}", {"min_select": 2, "max_select": 2})
    )
    refused(409, "group_unsatisfiable", admin.post(
        f"/admin/option-groups/{group_id}/options", {"option_name": "특", "is_default": True}
    ))  # fmt: skip
    third = add_option(restaurant, group_id, "특")
    refused(409, "group_unsatisfiable", admin.patch(f"/admin/options/{third}", {"is_default": True}))
    refused(409, "group_in_use", admin.delete(f"/admin/option-groups/{group_id}"))
    empty, _ = add_group(restaurant, min_select=1)
    assert refused(409, "group_unsatisfiable", attach(restaurant, menu_id, group_id, empty))["group_id"] == empty
    expect(200, attach(restaurant, menu_id))
    expect(200, admin.delete(f"/admin/option-groups/{group_id}"))
    assert group_id not in [g["group_id"] for g in expect(200, admin.get("/admin/option-groups"))["option_groups"]]
    refused(404, "group_not_found", attach(restaurant, menu_id, group_id))
    refused(404, "menu_not_found", attach(restaurant, UNKNOWN_ID))


def test_a_menu_that_is_retired_needs_its_groups_no_longer(restaurant, menu_id, size):
    group_id, (normal, double) = size
    admin = restaurant.admin
    expect(200, admin.delete(f"/admin/menus/{menu_id}"))
    expect(200, admin.patch(f"/admin/option-groups/{group_id}", {"min_select": 3, "max_select": 3}))
    expect(200, admin.delete(f"/admin/options/{double}"))
    expect(200, admin.delete(f"/admin/option-groups/{group_id}"))
    refused(404, "option_not_found", admin.patch(f"/admin/options/{normal}", {"is_default": True}))


@pytest.mark.parametrize(
    "group",
    [
        {"min_select": 2, "max_select": 1},
        {"max_select": 31},
        {"max_select": 0},
        {"max_each": 2},
        {"min_select": -1},
        {"group_name": ""},
    ],
)
def test_a_group_without_sense_is_a_400(restaurant, group):
    refused(400, "validation_failed", restaurant.admin.post("/admin/option-groups", {"group_name": "맵기"} | group))
    group_id, _ = add_group(restaurant)
    refused(400, "validation_failed", restaurant.admin.patch(f"/admin/option-groups/{group_id}", group))


def test_each_change_of_a_group_renews_the_menus_version(restaurant, tablet, menu_id, size):
    group_id, (normal, _) = size
    admin = restaurant.admin
    changes = [
        lambda: admin.patch(f"/admin/option-groups/{group_id}", {"group_name": "양"}),
        lambda: admin.patch(f"/admin/options/{normal}", {"price_delta": 1}),
        lambda: admin.post(f"/admin/option-groups/{group_id}/options", {"option_name": "특"}),
        lambda: admin.put(f"/admin/menus/{menu_id}/option-groups", {"group_ids": []}),
    ]
    seen = {expect(200, tablet.get("/customer/menus"))["version"]}
    for number, change in enumerate(changes, 2):
        assert change().ok
        seen.add(expect(200, tablet.get("/customer/menus"))["version"])
        assert len(seen) == number


def test_a_menu_has_thirty_groups_at_most(restaurant, menu_id):
    ids = [add_group(restaurant)[0] for _ in range(31)]
    expect(200, attach(restaurant, menu_id, *ids[:30]))
    assert refused(409, "limit_reached", attach(restaurant, menu_id, *ids))["limit"] == 30
    refused(400, "validation_failed", attach(restaurant, menu_id, ids[0], ids[0]))


# Quotes


def test_a_quote_that_holds_is_an_order(tablet, menu_id, size):
    sent = item(menu_id, 2, options=chosen(size[1][1]), expected_unit_price=11000)
    assert expect(201, order(tablet, sent, expected_total=22000, menu_version="another"))["total_amount"] == 22000


def test_a_quote_tells_all_that_differs_at_once(restaurant, open_restaurant, tablet, menu_id, size, query):
    sold_out = restaurant.add_menu(price=5000, is_available=False)
    dearer = restaurant.add_menu(price=7000)
    items = [
        item(menu_id, options=chosen(size[1][0]), expected_unit_price=9000),
        item(sold_out, expected_unit_price=5000),
        item(dearer, 2, expected_unit_price=6500),
        item(UNKNOWN_ID),
    ]
    version = expect(200, tablet.get("/customer/menus"))["version"]
    problem = refused(409, "quote_mismatch", order(tablet, *items, expected_total=27000, key="1"))
    assert (problem["expected_total"], problem["total"], problem["menu_version"]) == (27000, None, version)
    assert problem["lines"] == [
        {"item": 0, "menu_id": menu_id, "expected_unit_price": 9000, "unit_price": 9000, "problem": None},
        {
            "item": 1,
            "menu_id": sold_out,
            "expected_unit_price": 5000,
            "unit_price": 5000,
            "problem": {"code": "menu_sold_out"},
        },
        {"item": 2, "menu_id": dearer, "expected_unit_price": 6500, "unit_price": 7000, "problem": None},
        {
            "item": 3,
            "menu_id": UNKNOWN_ID,
            "expected_unit_price": None,
            "unit_price": None,
            "problem": {"code": "menu_not_found"},
        },
    ]
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(0,)]
    problem = refused(409, "quote_mismatch", order(tablet, items[0], items[2], expected_total=22000, key="1"))
    assert problem["total"] == 23000
    placed = expect(201, order(tablet, items[0], item(dearer, 2), expected_total=23000, key="1"))  # the key is free
    expect(200, restaurant.admin.patch(f"/admin/menus/{dearer}", {"price": 8000}))
    assert expect(201, order(tablet, items[0], item(dearer, 2), expected_total=23000, key="1")) == placed
    refused(422, "idempotency_key_reused", order(tablet, items[0], item(dearer, 2), expected_total=25000, key="1"))


def test_without_a_quote_the_first_line_that_is_wrong_is_told(restaurant, tablet, menu_id):
    sold_out = restaurant.add_menu(is_available=False)
    problem = refused(409, "menu_sold_out", order(tablet, item(menu_id), item(sold_out), item(UNKNOWN_ID)))
    assert (problem["item"], problem["menu_id"]) == (1, sold_out)
    assert refused(404, "menu_not_found", order(tablet, item(UNKNOWN_ID), item(sold_out)))["menu_id"] == UNKNOWN_ID


def test_each_order_costs_what_the_guest_saw_while_prices_change(restaurant, tablet, menu_id):
    def change(price):
        expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": price}))

    def buy(_):
        expected = 9000
        for _ in range(50):
            answer = order(tablet, item(menu_id, expected_unit_price=expected), expected_total=expected)
            if answer.status_code == 201:
                assert answer.json()["total_amount"] == expected
                return
            expected = refused(409, "quote_mismatch", answer)["total"]
        pytest.fail("the price never held")

    with ThreadPoolExecutor(8) as threads:
        changes = [threads.submit(change, 9000 + n) for n in range(40)]
        bought = [threads.submit(buy, n) for n in range(10)]
        for future in changes + bought:
            future.result()
