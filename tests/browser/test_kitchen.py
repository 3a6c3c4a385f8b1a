"""Cooks at their screen."""

from __future__ import annotations

import pytest

from tests.api.client import expect
from tests.browser.restaurant import guests_at, menu_id, orders_at
from tests.browser.usability import SIZES, small_targets, violations
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nobody_at_the_tables")]


def test_cooks_see_what_is_wanted_oldest_first_and_move_it_along(kitchen, served, admin, console):
    stew, soda = menu_id(admin, "된장찌개"), menu_id(admin, "콜라")
    first = expect(201, guests_at(served, 1).order((stew, 2), (soda, 1)))["order_id"]
    kitchen.log_in()
    kitchen.reads("된장찌개 × 2", kitchen.ticket(first))
    second = expect(201, guests_at(served, 2).order((stew, 1)))["order_id"]
    kitchen.reads("새 주문", kitchen.ticket(second))
    assert [element.get_attribute("data-order") for element in kitchen.find(".ticket")] == [str(first), str(second)]
    assert kitchen.texts("#wanted li") == ["된장찌개 3", "콜라 1"]
    assert "원" not in kitchen.text().replace("소리 꺼짐", "").replace("소리 켜짐", "")
    kitchen.tap(kitchen.ticket(first, "button"), "준비 시작")
    kitchen.reads("준비 중", kitchen.ticket(first, ".label"))
    kitchen.tap(kitchen.ticket(first, "button"), "완료")
    until(lambda: kitchen.find(kitchen.ticket(first)) == [])
    assert [order["status"] for order in orders_at(admin, 1)] == ["완료"]
    until(lambda: kitchen.texts("#wanted li") == ["된장찌개 1"])
    assert console() == []


def test_a_station_sees_its_own_categories(kitchen, served, admin):
    mixed = expect(201, guests_at(served, 3).order((menu_id(admin, "된장찌개"), 1), (menu_id(admin, "콜라"), 2)))
    stew = expect(201, guests_at(served, 4).order((menu_id(admin, "된장찌개"), 1)))
    kitchen.log_in()
    kitchen.reads("된장찌개", kitchen.ticket(stew["order_id"]))
    kitchen.tap("#categories button", "음료")
    until(lambda: len(kitchen.find(".ticket")) == 1)
    assert kitchen.texts(".ticket .line") == ["콜라 × 2"]
    kitchen.reads("함께 주문: 된장찌개 × 1", kitchen.ticket(mixed["order_id"]))
    assert kitchen.texts("#wanted li") == ["콜라 2"]
    kitchen.run("location.reload()")
    until(lambda: kitchen.texts(".ticket .line") == ["콜라 × 2"])


def test_what_is_taken_back_stays_marked_until_it_was_seen(kitchen, served, admin):
    """Also what was voided, and whose guests have left, while the screen was away."""
    stew, soda = menu_id(admin, "된장찌개"), menu_id(admin, "콜라")
    reduced = expect(201, guests_at(served, 5).order((stew, 3), (soda, 1)))
    voided = expect(201, guests_at(served, 5).order((stew, 1)))["order_id"]
    closed = expect(201, guests_at(served, 6).order((soda, 1)))
    kitchen.log_in()
    kitchen.reads("콜라", kitchen.ticket(closed["order_id"]))
    lines = [
        {"order_item_id": item["order_item_id"], "keep": keep}
        for item, keep in zip(reduced["items"], (1, 0), strict=True)
    ]
    expect(200, admin.post(f"/admin/orders/{reduced['order_id']}/void-lines", {"lines": lines}))
    kitchen.reads("된장찌개 × 1 2개 취소", kitchen.ticket(reduced["order_id"]))
    kitchen.reads("콜라 × 1 1개 취소", kitchen.ticket(reduced["order_id"], ".struck"))
    kitchen.look()
    kitchen.browser.get("about:blank")
    expect(200, admin.delete(f"/admin/orders/{voided}"))
    expect(200, admin.post(f"/admin/tables/{closed['table_id']}/end-session"))
    kitchen.browser.back()
    kitchen.reads("취소됨", kitchen.ticket(voided))
    kitchen.reads("손님 나감", kitchen.ticket(closed["order_id"]))
    kitchen.reads("2개 취소", kitchen.ticket(reduced["order_id"]))
    until(lambda: kitchen.texts("#wanted li") == ["된장찌개 1"])
    for order_id in (voided, closed["order_id"], reduced["order_id"]):
        kitchen.tap(kitchen.ticket(order_id, "button"), "확인")
        until(
            lambda mark=f'[data-order="{order_id}"][data-taken-back]': kitchen.find(mark) == []
        )  # what is below moves up
    until(lambda: kitchen.find("[data-taken-back]") == [])
    until(lambda: kitchen.texts(".ticket .line") == ["된장찌개 × 1"])


@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_kitchen(kitchen, served, admin, axe, size):
    guests = guests_at(served, 7)
    order = expect(201, guests.order((menu_id(admin, "물냉면"), 2)))["order_id"]
    kitchen.resize(*SIZES[size])
    seen = violations(kitchen, axe)
    kitchen.log_in()
    kitchen.reads("물냉면", kitchen.ticket(order))
    seen += violations(kitchen, axe)
    kitchen.tap(kitchen.ticket(order, "button"), "준비 시작")
    kitchen.reads("준비 중", kitchen.ticket(order))
    seen += violations(kitchen, axe)
    expect(200, admin.delete(f"/admin/orders/{order}"))
    kitchen.reads("취소됨", kitchen.ticket(order))
    assert seen + violations(kitchen, axe) == []
    assert small_targets(kitchen) == []
