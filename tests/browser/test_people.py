"""The people of a restaurant at its screens: what each account can do there, and what it is told."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.api.client import Client, expect
from tests.browser.restaurant import guests_at, menu_id, orders_at
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nobody_at_the_tables")]

PASSWORD = "eight-or-more"


@pytest.fixture
def hire(admin) -> Iterator[Callable[[str], tuple[str, str]]]:
    """Makes an account with a role: its username and password."""
    hired = []

    def make(role: str) -> tuple[str, str]:
        person = {"username": secrets.token_hex(6), "display_name": "김민지", "role": role, "password": PASSWORD}
        hired.append(expect(201, admin.post("/admin/staff", person))["staff_id"])
        return person["username"], PASSWORD

    yield make
    for staff_id in hired:
        expect(200, admin.delete(f"/admin/staff/{staff_id}"))


def test_a_cook_logs_in_at_the_kitchen_and_moves_an_order(kitchen, hire, served, admin, console):
    order = expect(201, guests_at(served, 1).order((menu_id(admin, "된장찌개"), 2)))["order_id"]
    cook = hire("kitchen")
    kitchen.log_in(*cook, store="1")
    kitchen.reads("된장찌개 × 2", kitchen.ticket(order))
    kitchen.tap(kitchen.ticket(order, "button"), "준비 시작")
    kitchen.reads("준비 중", kitchen.ticket(order, ".label"))
    assert [order["status"] for order in orders_at(admin, 1)] == ["준비중"]
    kitchen.tap(".tools button", "로그아웃")
    until(lambda: kitchen.run("return document.querySelector('[name=store]')?.value") == "1")
    assert console() == []


def test_staff_get_along_at_the_counter(counter, hire, served, admin, console):
    guests = guests_at(served, 2)
    soda = menu_id(admin, "콜라")
    voided, prepared = (expect(201, guests.order((soda, 1)))["order_id"] for _ in range(2))
    counter.log_in(*hire("staff"), store="1")
    assert counter.texts("nav button") == ["주문", "메뉴·품절"]
    counter.tap(counter.at(2, f"[data-role=void-{voided}]"))
    counter.tap("#dialog button.grave")
    until(lambda: [order["order_id"] for order in orders_at(admin, 2)] == [prepared])
    counter.tap(counter.at(2, f"[data-role=move-{prepared}]"), "준비 시작")
    counter.tap(counter.at(2, f"[data-role=move-{prepared}]"), "완료")
    counter.tap("#go-menus")
    for shows, sold in (("품절", False), ("판매 중", True)):
        counter.tap("[role=switch][aria-label='소주']")
        counter.reads(shows, "[role=switch][aria-label='소주']")
        assert guests.order((menu_id(admin, "소주"), 1)).ok == sold
    counter.tap("#go-board")
    counter.tap(counter.at(2, ".end"))
    counter.tap("#dialog button.main")
    until(lambda: counter.find(counter.at(2)) == [])
    assert console() == []


def test_a_manager_approves_at_the_counter_of_what_staff_may_not(counter, hire, served, admin, console):
    order = expect(201, guests_at(served, 3).order((menu_id(admin, "콜라"), 1)))["order_id"]
    username, password = hire("manager")
    login = {"store_id": 1, "username": username, "password": password}
    token = expect(200, Client(served.base).post("/auth/admin/login", login))["access_token"]
    pin = {"current_password": password, "pin": "471100"}
    expect(200, Client(served.base, token).put("/auth/pin", pin))
    waiter = hire("staff")
    counter.log_in(*waiter, store="1")
    counter.tap(counter.at(3, f"[data-role=move-{order}]"), "준비 시작")
    counter.reads("완료", counter.at(3, f"[data-role=move-{order}]"))
    counter.tap(counter.at(3, f"[data-role=void-{order}]"))
    assert console() == []
    counter.tap("#dialog button.grave")
    counter.reads("점주나 매니저가", "#dialog [role=alert]")
    counter.type("approver", username)
    counter.type("pin", "0000")
    counter.tap("#dialog button.grave:not([hidden])")
    counter.reads("PIN 번호가 맞지 않습니다", "#dialog [role=alert]")
    assert [order["status"] for order in orders_at(admin, 3)] == ["준비중"]
    counter.type("pin", "471100")
    counter.tap("#dialog button.grave:not([hidden])")
    until(lambda: orders_at(admin, 3) == [])
    [voided] = expect(200, admin.get("/admin/voids?limit=1"))["voids"]
    assert (voided["voided_by"], voided["approved_by"]) == (waiter[0], username)


def test_a_screen_says_whose_accounts_it_is_for(counter, office, hire, console):
    for window, role, told in (
        (counter, "kitchen", "할 수 있는 계정: 점주, 매니저, 직원"),
        (office, "staff", "할 수 있는 계정: 점주, 매니저"),
    ):
        window.try_to_log_in(*hire(role), store="1")
        window.reads(told, "[role=alert]")
        assert window.find("header.top") == []
    office.log_in(*hire("manager"), store="1")
    office.reads("매장 번호 1", "h1")
    assert console() == []


def test_a_refusal_by_role_is_told_with_the_roles_that_may(office, hire, served):
    """As where the screen was left open by somebody who may less."""
    username, password = hire("staff")
    body = {"store_id": 1, "username": username, "password": password}
    login = expect(200, Client(served.base).post("/auth/admin/login", body))
    office.run(f"localStorage['tableorder.office.login'] = JSON.stringify({json.dumps(login)}); location.reload()")
    office.tap("[role=switch][aria-label='김치찌개']")
    office.reads("이 계정은 권한이 없습니다. 할 수 있는 계정: 점주, 매니저", "#told")
