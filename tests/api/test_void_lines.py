"""Voiding part of an order: what remains, what it costs, and what the books say."""

from __future__ import annotations

import functools

import pytest

from tests.api.client import UNKNOWN_ID, at_once, expect, refused
from tests.api.test_options import item, order
from tests.api.test_stock import count_anew, stock_of


@pytest.fixture
def second_id(restaurant):
    return restaurant.add_menu(price=2000, menu_name="공기밥")


@pytest.fixture
def placed(tablet, menu_id, second_id):
    return expect(201, order(tablet, item(menu_id, 3, note="덜 맵게"), item(second_id, 2)))


def void_lines(restaurant, placed, *keeps, **fields):
    """Keep so many of each line, in their order; None leaves a line out."""
    lines = [
        {"order_item_id": line["order_item_id"], "keep": keep}
        for line, keep in zip(placed["items"], keeps, strict=False)
        if keep is not None
    ]
    return restaurant.admin.post(f"/admin/orders/{placed['order_id']}/void-lines", {"lines": lines, **fields})


def voids(restaurant):
    return expect(200, restaurant.admin.get("/admin/voids"))["voids"]


def test_what_remains_is_the_order_and_what_is_gone_is_on_the_books(restaurant, tablet, table_id, placed, query):
    answer = expect(200, void_lines(restaurant, placed, 1, None, reason="잘못 나감"))
    first, second = placed["items"]
    assert answer == placed | {
        "total_amount": 13000,
        "items": [first | {"quantity": 1, "subtotal": 9000}, second],
    }
    assert expect(200, tablet.get("/customer/orders"))["orders"] == [answer]
    [void] = voids(restaurant)
    assert (void["kind"], void["reason"], void["status"], void["order_id"]) == (
        "lines", "잘못 나감", "대기중", placed["order_id"],
    )  # fmt: skip
    assert void["lines"] == [first | {"voided_quantity": 2}]
    [(event,)] = query(
        "SELECT event_data FROM events WHERE store_id = %s AND event_type = 'order_updated'", restaurant.store_id
    )
    assert (event["total_amount"], event["items"], event["status"]) == (13000, answer["items"], "대기중")

    assert expect(200, void_lines(restaurant, placed, 1, 0))["items"] == [answer["items"][0]]
    assert [entry["lines"][0]["voided_quantity"] for entry in voids(restaurant)] == [2, 2]
    expect(200, restaurant.end_session(table_id))
    [entry] = expect(200, restaurant.admin.get("/admin/history"))["history"]
    [archived] = entry["archived_order_data"]["orders"]
    assert entry["archived_order_data"]["session_total"] == archived["total_amount"] == 9000
    assert [(line["menu_name"], line["voided_quantity"]) for line in archived["voided_lines"]] == [
        ("김치찌개", 2),
        ("공기밥", 2),
    ]
    refused(404, "order_not_found", void_lines(restaurant, placed, 1))


def test_a_repeat_changes_nothing(restaurant, placed):
    once = expect(200, void_lines(restaurant, placed, 2, 0))
    assert expect(200, void_lines(restaurant, placed, 2, 0)) == once
    assert len(voids(restaurant)) == 1
    assert refused(409, "keep_too_large", void_lines(restaurant, placed, 3))["quantity"] == 2
    assert refused(409, "keep_too_large", void_lines(restaurant, placed, None, 1))["quantity"] == 0
    assert refused(409, "keep_too_large", void_lines(restaurant, placed, 100))["quantity"] == 2
    stranger = {"lines": [{"order_item_id": UNKNOWN_ID, "keep": 0}]}
    path = f"/admin/orders/{placed['order_id']}/void-lines"
    refused(404, "order_item_not_found", restaurant.admin.post(path, stranger))


def test_all_lines_at_zero_void_the_order(restaurant, tablet, placed):
    answer = expect(200, void_lines(restaurant, placed, 0, 0))
    assert answer.keys() == {"message", "order_id", "table_id"}
    assert expect(200, tablet.get("/customer/orders"))["orders"] == []
    [void] = voids(restaurant)
    assert (void["kind"], [line["voided_quantity"] for line in void["lines"]]) == ("order", [3, 2])
    refused(404, "order_not_found", void_lines(restaurant, placed, 0, 0))


def test_the_stock_gets_back_what_was_voided_and_no_more(restaurant, tablet, menu_id):
    stock_id = expect(200, count_anew(restaurant, 10, menu_id=menu_id))["stock_id"]
    placed = expect(201, order(tablet, item(menu_id, 4), item(menu_id, 2)))
    assert stock_of(restaurant) == {stock_id: 4}
    expect(200, void_lines(restaurant, placed, 1, None))
    assert stock_of(restaurant) == {stock_id: 7}
    expect(200, restaurant.admin.patch(f"/admin/orders/{placed['order_id']}/status", {"status": "준비중"}))
    expect(200, void_lines(restaurant, placed, 1, 1))
    assert stock_of(restaurant) == {stock_id: 7}
    expect(200, void_lines(restaurant, placed, 0, 1, restock=True))
    assert stock_of(restaurant) == {stock_id: 8}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lines": []},
        {"lines": [{"order_item_id": 1, "keep": 1}] * 2},
        {"lines": [{"order_item_id": 1, "keep": -1}]},
        {"lines": [{"order_item_id": 1}]},
        {"lines": [{"order_item_id": 1, "keep": 1}], "restock": "yes"},
    ],
)
def test_lines_without_sense_are_a_400(restaurant, placed, body):
    refused(400, "validation_failed", restaurant.admin.post(f"/admin/orders/{placed['order_id']}/void-lines", body))


def test_another_stores_order_is_unknown(open_restaurant, placed):
    refused(404, "order_not_found", void_lines(open_restaurant(), placed, 1))


@pytest.mark.parametrize("round_", range(5))
def test_voids_of_lines_and_of_the_order_at_once_add_up(restaurant, table_id, placed, round_):
    answers = at_once(
        functools.partial(void_lines, restaurant, placed, 1),
        functools.partial(void_lines, restaurant, placed, None, 1),
        functools.partial(void_lines, restaurant, placed, 2),
        functools.partial(restaurant.admin.patch, f"/admin/orders/{placed['order_id']}/status", {"status": "준비중"}),
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    [order] = expect(200, restaurant.admin.get("/admin/orders"))["tables"][0]["orders"]
    assert [line["quantity"] for line in order["items"]] == [1, 1]
    assert order["total_amount"] == 11000
    assert sum(line["voided_quantity"] for void in voids(restaurant) for line in void["lines"]) == 3
