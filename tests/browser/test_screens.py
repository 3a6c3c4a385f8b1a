"""Guests and staff at the screens: real processes, a real browser, nothing in its console."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import psutil
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.api.client import expect
from tests.browser.restaurant import guests_at, menu_id, orders_at
from tests.browser.screens import TabletWindow, Window
from tests.browser.usability import SIZES, small_targets, violations
from tests.management.running import Serve
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nobody_at_the_tables")]

# Taps "order", and reloads the page at once, or when the order is with the server and the page has not read the answer.
RELOAD_AT_ONCE = """
    window.old = true;
    document.querySelector("#order").click();
    location.reload();
"""
RELOAD_AT_THE_ANSWER = """
    window.old = true;
    const before = window.fetch;
    window.fetch = async (address, options) => {
        const answer = await before(address, options);
        if (options.method !== "POST" || !address.endsWith("/customer/orders")) return answer;
        location.reload();
        return new Promise(() => {});
    };
    document.querySelector("#order").click();
"""


def test_a_meal_from_set_up_to_the_next_guests(tablet, counter, admin, console):
    counter.log_in()
    tablet.set_up(1)
    tablet.choose("고등어구이", 2)
    tablet.choose("콜라")
    assert tablet.texts("#order") == ["26,500원 주문하기"]
    tablet.order()
    tablet.reads("주문이 들어갔습니다.", "#told")
    assert tablet.texts("#ordered .label") == ["접수됨"]

    counter.reads("새 주문", counter.at(1, ".label"))
    assert counter.texts(counter.at(1, ".line")) == ["고등어구이 × 2", "콜라 × 1"]
    counter.tap(counter.at(1, ".order button"), "준비 시작")
    tablet.reads("준비 중", "#ordered .label")
    counter.tap(counter.at(1, ".order button"), "완료")
    tablet.reads("나왔습니다", "#ordered .label")
    assert counter.texts(counter.at(1, ".fresh")) == []

    tablet.tap("#tab-menu")
    tablet.choose("공기밥")  # in the cart as the guests leave
    counter.tap(counter.at(1, ".end"))
    assert "26,500원" in counter.texts("#dialog .facts")[0]
    counter.tap("#dialog button.main")
    tablet.reads("이용해 주셔서 고맙습니다.")
    until(lambda: counter.find(counter.at(1)) == [])
    assert orders_at(admin, 1) == []
    kept = json.dumps(tablet.run("return {...localStorage}"), ensure_ascii=False)
    assert "tablet.setup" in kept and "tablet.cart" not in kept and "tablet.login" not in kept

    tablet.tap("button.begin")
    tablet.reads("담은 메뉴가 없습니다.", "#cart-empty")
    tablet.tap("#tab-orders")
    tablet.reads("아직 주문하신 메뉴가 없습니다.", "#ordered")
    counter.tap("#go-history")
    counter.reads("26,500원", "#history li")
    assert console() == []


def test_the_next_guests_session_begins_with_their_tap(tablet, admin):
    tablet.set_up(2)
    tablet.reads("찌개·탕", "#category-names")
    [table] = [table for table in expect(200, admin.get("/admin/tables"))["tables"] if table["table_number"] == 2]
    expect(200, admin.post(f"/admin/tables/{table['table_id']}/end-session"))
    tablet.reads("주문 시작하기")
    [table] = [table for table in expect(200, admin.get("/admin/tables"))["tables"] if table["table_number"] == 2]
    assert table["current_session_id"] is None


def test_a_token_that_is_no_good_any_more_is_renewed(tablet, admin):
    tablet.set_up(2)
    tablet.choose("콜라")
    tablet.run(
        """
        const login = JSON.parse(localStorage["tableorder.tablet.login"]);
        localStorage["tableorder.tablet.login"] = JSON.stringify({...login, access_token: "x.y.z"});
        location.reload();
        """
    )
    tablet.order()
    tablet.reads("주문이 들어갔습니다.", "#told")
    assert [order["total_amount"] for order in orders_at(admin, 2)] == [2500]


def test_a_finger_that_rests_on_a_button_is_heard_though_orders_come_in(counter, served, admin):
    guests = guests_at(served, 7)
    first = expect(201, guests.order((menu_id(admin, "콜라"), 1)))["order_id"]
    counter.log_in()
    button = counter.at(7, f"[data-order='{first}'] [data-role^=move]")
    until(lambda: counter.find(button))
    counter.look()
    press = ActionChains(counter.browser).move_to_element(counter.find(button)[0])
    press.click_and_hold().perform()
    second = expect(201, guests.order((menu_id(admin, "콜라"), 2)))["order_id"]
    until(lambda: counter.browser.title == "(1) 카운터")
    press.release().perform()
    until(lambda: next(order for order in orders_at(admin, 7) if order["order_id"] == first)["status"] == "준비중")
    until(lambda: counter.find(f"[data-order='{second}'][data-fresh]"))


@pytest.mark.parametrize("moment", [RELOAD_AT_ONCE, RELOAD_AT_THE_ANSWER])
def test_a_reload_as_the_order_is_tapped_makes_one_order(tablet, admin, console, moment):
    tablet.set_up(3)
    before = len(orders_at(admin, 3))
    tablet.choose("된장찌개")
    tablet.run(moment)
    until(lambda: len(orders_at(admin, 3)) > before)
    until(lambda: not tablet.run("return window.old || localStorage['tableorder.tablet.order']"))
    tablet.reads("담은 메뉴가 없습니다.", "#cart-empty")
    tablet.tap("#tab-orders")
    until(lambda: len(tablet.find("#ordered .order")) == before + 1)
    assert len(orders_at(admin, 3)) == before + 1
    assert console() == []


def test_an_order_tapped_while_the_network_is_cut_is_placed_once_it_is_back(tablet, admin, browser):
    tablet.set_up(4)
    tablet.choose("고등어구이")
    tablet.cut_network()
    tablet.order()
    tablet.reads("연결이 끊겼습니다.", "#connection")
    tablet.reads("주문이 한 번만 들어갑니다.", "#told")
    tablet.reads("김치찌개", ".dish")  # still there to be read
    assert orders_at(admin, 4) == []
    browser.delete_network_conditions()
    tablet.reads("주문이 들어갔습니다.", "#told")
    until(lambda: tablet.texts("#connection") == [""] or tablet.texts("#connection") == [])
    assert [order["total_amount"] for order in orders_at(admin, 4)] == [12000]


def test_what_sells_out_in_the_cart_is_told(tablet, admin, browser):
    menu = f"/admin/menus/{menu_id(admin, '두부김치')}"
    tablet.set_up(5)
    tablet.choose("두부김치")
    tablet.choose("맥주 500ml")
    try:
        tablet.cut_network()  # so that the tablet does not hear of it before the order is tapped
        tablet.order()
        expect(200, admin.patch(menu, {"is_available": False}))
        browser.delete_network_conditions()
        tablet.reads("‘두부김치’ 메뉴가 방금 품절되었습니다.", "#told")
        assert orders_at(admin, 5) == []
        tablet.tap(".cart-line button", "빼기")
        tablet.order()
        tablet.reads("주문이 들어갔습니다.", "#told")
        assert [order["total_amount"] for order in orders_at(admin, 5)] == [5500]
        tablet.tap("#tab-menu")
        tablet.reads("품절", ".dish[disabled]")
        expect(200, admin.patch(menu, {"is_available": True}))
        tablet.reads("두부김치", ".dish:enabled")
    finally:
        expect(200, admin.patch(menu, {"is_available": True}))


def test_a_dish_that_is_not_served_now_says_from_when(tablet, admin):
    weekday = (datetime.now(ZoneInfo("Asia/Seoul")).weekday() + 2) % 7
    daypart = {"daypart_name": "모레", "hours": [{"weekday": weekday, "starts": "11:30", "ends": "14:30"}]}
    daypart_id = expect(201, admin.post("/admin/dayparts", daypart))["daypart_id"]
    menu = menu_id(admin, "두부김치")
    tablet.set_up(5)
    tablet.choose("두부김치")
    try:
        expect(200, admin.put(f"/admin/menus/{menu}/dayparts", {"daypart_ids": [daypart_id]}))
        when = f"{'월화수목금토일'[weekday]} 11:30부터"
        tablet.reads(when, f".dish[disabled][data-menu='{menu}']")
        tablet.reads(when, ".cart-line")
    finally:
        expect(200, admin.delete(f"/admin/dayparts/{daypart_id}"))
    tablet.reads("두부김치", f".dish:enabled[data-menu='{menu}']")


def test_the_guests_pay_what_they_saw(tablet, counter, admin, browser):
    """The price of what is in the cart changes: they are told, and order at the new one. Options and notes go along."""
    menu = f"/admin/menus/{menu_id(admin, '돌솥비빔밥')}"
    counter.log_in()
    tablet.set_up(7)
    tablet.choose("돌솥비빔밥", option="곱빼기", note="고추장 많이")
    tablet.choose("김치찌개", 2, option="아주 매운맛", topping="치즈")
    assert tablet.texts(".cart-line .money") == ["13,000원", "23,000원"]
    try:
        tablet.cut_network()
        tablet.order()
        expect(200, admin.patch(menu, {"price": 12000}))
        browser.delete_network_conditions()
        tablet.reads("‘돌솥비빔밥’ 가격이 14,000원으로 바뀌었습니다.", "#told")
        assert orders_at(admin, 7) == []
        assert tablet.texts("#order") == ["37,000원 주문하기"]
        tablet.order()
        tablet.reads("주문이 들어갔습니다.", "#told")
        [order] = orders_at(admin, 7)
        assert order["total_amount"] == 37000
        counter.reads("돌솥비빔밥 × 1 곱빼기 “고추장 많이”", counter.at(7, ".line"))
        counter.reads("김치찌개 × 2 아주 매운맛, 치즈", counter.at(7, ".line"))
        tablet.reads("아주 매운맛, 치즈", "#ordered .line")
    finally:
        expect(200, admin.patch(menu, {"price": 11000}))


def test_the_counter_voids_a_part_and_counts(counter, served, admin, console):
    ribs = menu_id(admin, "갈비탕")
    expect(200, admin.put("/admin/stock", {"menu_id": ribs, "remaining": 30, "low_at": 4}))
    guests = guests_at(served, 4)
    order = expect(201, guests.order((menu_id(admin, "소주"), 3), (menu_id(admin, "콜라"), 1)))["order_id"]
    counter.log_in()
    counter.tap(f"[data-order='{order}'] button", "취소")
    counter.tap("#dialog [aria-label^='소주'][data-role=fewer]")
    counter.tap("#dialog button.grave", "선택한 만큼 취소")
    counter.reads("소주 × 2", f"[data-order='{order}'] .line")
    assert expect(200, admin.get(f"/admin/orders/{order}"))["total_amount"] == 12500
    counter.tap("#go-voids")
    counter.reads("소주 × 1 손님 요청", "#voids li")
    counter.tap("#go-menus")
    until(lambda: counter.find("[aria-label='갈비탕: 남은 수량']"))
    field = counter.find("[aria-label='갈비탕: 남은 수량']")[0]
    assert field.get_attribute("value") == "30"
    field.clear()
    field.send_keys("2", Keys.ENTER)
    until(lambda: guests.order((ribs, 3)).json().get("remaining") == 2)
    [stock] = [one for one in expect(200, admin.get("/admin/stock"))["stock"] if one["menu_id"] == ribs]
    assert stock["low_at"] == 4, "the counter keeps what the office has chosen"
    assert console() == []


def test_the_counter_sells_out_voids_and_ends(counter, served, admin, console):
    guests = guests_at(served, 6)
    order = expect(201, guests.order((menu_id(admin, "물냉면"), 2)))
    counter.log_in()
    counter.tap(counter.at(6, ".order button"), "취소")
    counter.tap("#dialog label", "주문 실수")
    counter.tap("#dialog button.grave")
    until(lambda: orders_at(admin, 6) == [])
    counter.reads("아직 주문이 없습니다.", counter.at(6))
    counter.tap("#go-voids")
    counter.reads("주문 실수 · demo 취소", "#voids li")
    [void] = expect(200, admin.get("/admin/voids?limit=1"))["voids"]
    assert (void["order_id"], void["reason"]) == (order["order_id"], "주문 실수")
    counter.tap("#go-menus")
    counter.tap("[role=switch][aria-label='소주']")
    counter.reads("품절", "[role=switch][aria-label='소주']")
    assert guests.order((menu_id(admin, "소주"), 1)).json()["code"] == "menu_sold_out"
    counter.tap("[role=switch][aria-label='소주']")
    counter.reads("판매 중", "[role=switch][aria-label='소주']")
    assert console() == []


def test_guests_call_the_staff_who_come(tablet, counter, axe, console):
    counter.log_in()
    tablet.set_up(5)
    tablet.tap("#call-staff", "직원 호출")
    tablet.reads("직원을 불렀습니다", "#call-staff")
    counter.reads("5번 테이블 직원 호출", ".call.waiting")
    tablet.tap("#call-staff")
    counter.reads("2번 부름", ".call")
    assert violations(counter, axe) + violations(tablet, axe) == []
    assert small_targets(counter) + small_targets(tablet) == []
    counter.tap(".call button", "제가 갈게요")
    tablet.reads("직원이 가고 있습니다", "#call-staff")
    for window in (counter, tablet):
        window.run("location.reload()")
    tablet.reads("직원이 가고 있습니다", "#call-staff")
    counter.reads("가는 중", ".call")
    counter.tap(".call button", "처리 완료")
    tablet.reads("직원 호출", "#call-staff")
    until(lambda: counter.find(".call") == [])
    assert console() == []


def test_the_demo_opens_in_one_tap(browser, served, console):
    for door, shows in (("#demo-tablet", "김치찌개"), ("#demo-counter", "카운터")):
        window = Window(browser, served.base, "/")
        try:
            window.tap(door)
            until(lambda w=window: "/tablet" in w.browser.current_url or "/counter" in w.browser.current_url)
            if door == "#demo-tablet":
                window.reads(shows, ".dish")
            else:
                until(lambda w=window: w.find("#board .tables"))
            window.run("localStorage.clear()")
        finally:
            window.close()
    assert console() == []


def test_the_guests_choose_their_language(tablet, console):
    tablet.set_up(7)
    for language, cart in (("en", "Cart"), ("ja", "カート"), ("zh", "购物车")):
        tablet.tap(".top select")
        tablet.tap(f".top option[value={language}]")
        tablet.reads(cart, ".cart h2")
        tablet.reads("₩9,000", ".dish")
        assert tablet.run("return document.documentElement.lang") == language
    tablet.run("location.reload()")
    tablet.reads("购物车", ".cart h2")
    assert console() == []


def test_a_tablet_without_a_connection_opens_and_shows_the_menu(browser, tmp_path):
    serve = Serve(tmp_path / "home", tmp_path / "log", "--workers", "1").wait_until_ready()
    try:
        window = TabletWindow(browser, serve.base)
        window.set_up(1)
        window.reads("김치찌개", ".dish")
        window.browser.execute_async_script("navigator.serviceWorker.ready.then(() => arguments[0]())")
    finally:
        assert serve.stop() == 0
    window.browser.refresh()
    window.reads("김치찌개", ".dish")
    window.reads("연결이 끊겼습니다.", "#connection")
    window.close()


def test_a_feed_that_falls_silent_is_given_up_and_resumed(counter, served, admin):
    soda = menu_id(admin, "콜라")
    guests = guests_at(served, 2)
    counter.log_in()
    counter.run(
        """
        const before = window.setTimeout;
        window.setTimeout = (does, wait, ...given) => before(does, wait === 45_000 ? 1_000 : wait, ...given);
        """
    )
    expect(201, guests.order((soda, 1)))  # what comes now starts the next wait
    counter.reads("콜라 × 1", counter.at(2, ".line"))
    processes = psutil.Process(served.process.pid).children(recursive=True)
    feeds = [process for process in processes if "stream" in str(process.cmdline())]
    for process in feeds:
        process.suspend()
    try:
        expect(201, guests.order((soda, 7)))
        counter.reads("연결이 끊겼습니다.", "#connection")
    finally:
        for process in feeds:
            process.resume()
    counter.reads("콜라 × 7", counter.at(2, ".line"))


@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_tablet(tablet, axe, size):
    tablet.resize(*SIZES[size])
    seen = violations(tablet, axe)
    tablet.set_up(8)
    tablet.reads("김치찌개", ".dish")
    seen += violations(tablet, axe)
    tablet.tap(".dish", "김치찌개")
    seen += violations(tablet, axe)
    tablet.tap("#dish button.main")
    if size == "phone":
        tablet.tap("#tab-cart")
    seen += violations(tablet, axe)
    tablet.order()
    tablet.reads("주문이 들어갔습니다.", "#told")
    assert seen + violations(tablet, axe) == []
    assert small_targets(tablet) == []


@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_counter(counter, served, admin, axe, size):
    guests = guests_at(served, 8)
    expect(201, guests.order((menu_id(admin, "물냉면"), 2)))
    counter.resize(*SIZES[size])
    seen = violations(counter, axe)
    counter.log_in()
    counter.reads("물냉면", counter.at(8, ".line"))
    seen += violations(counter, axe)
    for button in (".order button.plain", ".end"):
        counter.tap(counter.at(8, button))
        seen += violations(counter, axe)
        counter.tap("#dialog button", "돌아가기")
    for view, shows in (("menus", ".switch"), ("history", ".book li"), ("voids", ".book li")):
        counter.tap(f"#go-{view}")
        until(lambda selector=shows: counter.find(selector))
        seen += violations(counter, axe)
        assert small_targets(counter) == []
    assert seen == []


def test_everybody_can_use_the_landing_page(browser, served, axe):
    window = Window(browser, served.base, "/")
    try:
        assert violations(window, axe) == []
    finally:
        window.close()
