"""The owner at the desk."""

from __future__ import annotations

import json
import secrets
from urllib.parse import urlsplit

import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.api.client import Client, expect
from tests.browser.restaurant import guests_at, menu_id
from tests.browser.usability import SIZES, small_targets, violations
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nobody_at_the_tables")]


def menus_of(admin, category: str) -> list[dict]:
    categories = expect(200, admin.get("/admin/menus"))["categories"]
    return next((one["menus"] for one in categories if one["category_name"] == category), [])


def names_of(admin, category: str) -> list[str]:
    return [menu["menu_name"] for menu in menus_of(admin, category)]


def rows(office) -> list[str]:
    return office.texts("ol.sortable [data-menu] .row-name")


def test_an_owner_makes_a_menu_with_a_picture_and_options(office, served, admin, console, tmp_path):
    office.log_in()
    office.tap("button.add", "분류 추가")
    office.fill(category_name="후식")
    office.reads("후식", "h2")
    for name, price in (("수정과", 3000), ("식혜", 3500)):
        office.tap("button.main", "메뉴 추가")
        office.fill(menu_name=name, price=price)
        until(lambda added=name: added in rows(office))

    picture = tmp_path / "photo.png"
    Image.new("RGB", (3000, 1500), "orange").save(picture)
    office.tap("[data-menu] .row", "수정과")
    until(lambda: office.find("#dialog[open] [name=picture]"))
    office.find("#dialog [name=picture]")[0].send_keys(str(picture))
    until(lambda: office.find("#dialog .picture-preview img"))
    office.tap("#dialog [name=group][type=checkbox]")
    office.fill(price=4000, remaining=5, low_at=2)
    until(lambda: office.find("[data-menu] img"))
    office.reads("남은 수량 5", "[data-menu] .label")
    [cinnamon, _] = menus_of(admin, "후식")
    assert (cinnamon["price"], cinnamon["remaining"], len(cinnamon["option_groups"])) == (4000, 5, 1)
    [stock] = [one for one in expect(200, admin.get("/admin/stock"))["stock"] if one["name"] == "수정과"]
    assert stock["low_at"] == 2

    office.tap("[role=switch][aria-label='식혜']")
    office.reads("품절", "[role=switch][aria-label='식혜']")
    assert guests_at(served, 1).order((menu_id(admin, "식혜"), 1)).json()["code"] == "menu_sold_out"
    for name in ("수정과", "식혜"):
        office.tap("[data-menu] .row", name)
        office.tap("#dialog button", "삭제")
        office.reads(f"‘{name}’ 삭제할까요?", "#dialog h2")
        office.tap("#dialog button.grave")
        until(lambda gone=name: gone not in rows(office) and not office.find("#dialog[open]"))
    office.tap("[aria-label='후식 고치기']")
    office.tap("#dialog button", "삭제")
    office.reads("‘후식’ 삭제할까요?", "#dialog h2")
    office.tap("#dialog button.grave")
    until(lambda: "후식" not in office.text())
    assert console() == []


def test_the_menu_comes_without_the_pictures_themselves(office):
    office.log_in()
    until(lambda: rows(office))
    fetched = office.browser.execute_script("return performance.getEntriesByType('resource').map(({ name }) => name)")
    menus = [url for url in fetched if urlsplit(url).path == "/api/v1/admin/menus"]
    assert menus and all(url.endswith("?pictures=url") for url in menus)


def test_dishes_are_sorted_by_drag_by_keys_and_by_buttons(office, admin):
    before = names_of(admin, "찌개·탕")
    first, second, *others = before
    office.log_in()
    until(lambda: rows(office) == before)
    [handle, *_] = office.find("[data-menu] .handle")
    height = office.find("[data-menu]")[0].size["height"]
    ActionChains(office.browser).click_and_hold(handle).move_by_offset(0, 10).move_by_offset(
        0, height
    ).release().perform()
    until(lambda: names_of(admin, "찌개·탕") == [second, first, *others])
    until(lambda: rows(office) == [second, first, *others])
    office.press("[data-menu] .handle", Keys.ARROW_DOWN)
    until(lambda: names_of(admin, "찌개·탕") == before)
    until(lambda: rows(office) == before)
    office.tap("[data-menu] .handle")
    office.tap(f"[aria-label='{first}: 아래로']")
    until(lambda: names_of(admin, "찌개·탕") == [second, first, *others])
    office.tap(f"[aria-label='{first}: 위로']")
    until(lambda: names_of(admin, "찌개·탕") == before)


def test_categories_and_options_keep_their_new_order(office, admin):
    def categories() -> list[str]:
        return [one["category_name"] for one in expect(200, admin.get("/admin/menus"))["categories"]]

    def options() -> list[str]:
        groups = expect(200, admin.get("/admin/option-groups"))["option_groups"]
        return [option["option_name"] for option in groups[0]["options"]]

    before = categories()
    office.log_in()
    until(lambda: office.find(".menu-editor .handle"))
    for key in (Keys.ARROW_DOWN, Keys.ARROW_UP):
        office.press(f"[aria-label='{before[0]} 옮기기']", key)
        expected = [before[1], before[0], *before[2:]] if key == Keys.ARROW_DOWN else before
        until(lambda wanted=expected: categories() == wanted)
    office.tap("#go-options")
    before = options()
    until(lambda: office.find(f"[aria-label='{before[0]} 옮기기']"))
    for key in (Keys.ARROW_DOWN, Keys.ARROW_UP):
        office.press(f"[aria-label='{before[0]} 옮기기']", key)
        expected = [before[1], before[0], *before[2:]] if key == Keys.ARROW_DOWN else before
        until(lambda wanted=expected: options() == wanted)


def test_an_owner_keeps_the_tables_and_reads_the_history(office, served, admin, console):
    soda = menu_id(admin, "콜라")
    order = expect(201, guests_at(served, 8).order((soda, 3)))
    office.log_in()
    office.tap("#go-tables")
    office.reads("손님 있음", "li")
    office.tap("button.main", "테이블 추가")
    office.fill(first=8, last=10, table_password="sesame")
    office.reads("이미 있는 번호: 8", "#told")
    office.reads("10번 테이블", "li")
    office.tap("[aria-label='10번 테이블 고치기']")
    office.fill(table_number=11)
    office.reads("11번 테이블", "li")
    for number in (9, 11):
        office.tap(f"[aria-label='{number}번 테이블 고치기']")
        office.tap("#dialog button", "삭제")
        office.reads(f"‘{number}번 테이블’", "#dialog h2")
        office.tap("#dialog button.grave")
        until(lambda gone=number: not office.find(f"[aria-label='{gone}번 테이블 고치기']"))
    expect(200, admin.post(f"/admin/tables/{order['table_id']}/end-session"))
    office.tap("#go-history")
    office.reads("7,500원", "tbody tr:first-child")
    office.tap("tbody tr:first-child button")
    office.reads("콜라 × 3", "#dialog .line")
    office.tap("#dialog button", "닫기")
    assert console() == []


def test_an_owner_keeps_the_accounts_of_the_staff(office, served, admin, console):
    def log_in(password: str) -> int:
        body = {"store_id": 1, "username": username, "password": password}
        return Client(served.base).post("/auth/admin/login", body).status_code

    username = f"cook-{secrets.token_hex(4)}"
    office.log_in()
    office.tap("#go-staff")
    office.tap("button.main", "직원 추가")
    office.tap("#dialog label.choice", "주방")
    office.fill(display_name="김민지", username=username, password="eight-or-more")
    office.reads("주방", ".rows .label")
    assert log_in("eight-or-more") == 200

    cook = "[aria-label='김민지 고치기']"
    office.tap(cook)
    office.tap("#dialog label.choice", "매니저")
    office.fill(password="another-password")
    office.reads("매니저", ".rows .label")
    assert (log_in("eight-or-more"), log_in("another-password")) == (401, 200)
    for button, about, shows in (
        ("모든 기기에서 로그아웃", "기기를 잃어버렸을 때", "매니저"),
        ("계정 사용 중지", "바로 로그아웃됩니다", "사용 중지"),
    ):
        office.tap(cook)
        office.tap("#dialog .tools button", button)
        office.reads(about, "#dialog p")
        office.tap("#dialog button.grave")
        until(lambda: not office.find("#dialog[open]"))
        office.reads(shows, ".rows .label")
    assert log_in("another-password") == 401
    office.tap(cook)
    office.tap("#dialog .tools button", "계정 다시 사용")
    office.reads("매니저", ".rows .label")
    [person] = [one for one in expect(200, admin.get("/admin/staff"))["staff"] if one["username"] == username]
    assert (person["role"], person["is_active"]) == ("manager", True)
    expect(200, admin.delete(f"/admin/staff/{person['staff_id']}"))
    assert console() == []


def test_an_owner_sets_the_store_and_what_guests_can_call_for(office, admin, console):
    before = expect(200, admin.get("/admin/settings"))
    office.log_in()
    office.tap("#go-settings")
    office.type("origin_notice", "쌀: 국내산")
    office.type("time_zone", "Mars/Olympus")
    office.tap("#view button.main")
    office.reads("시간대 이름", "#view [role=alert]")
    assert len(console()) == 1
    office.type("time_zone", "Asia/Tokyo")
    office.tap("#view button.main")
    office.reads("저장했습니다.", "#view [role=status]")
    after = expect(200, admin.get("/admin/settings"))
    assert (after["origin_notice"], after["time_zone"]) == ("쌀: 국내산", "Asia/Tokyo")
    expect(200, admin.patch("/admin/settings", {name: before[name] for name in ("origin_notice", "time_zone")}))

    office.tap("#go-calls")
    office.tap("button.main", "호출 항목 추가")
    office.fill(label="아기 의자", max_quantity=2)
    office.tap(".sortable .row", "아기 의자")
    office.tap("#dialog label.choice", "태블릿에 보이기")
    office.fill()
    office.reads("숨김", ".sortable .label")
    office.tap(".sortable .row", "아기 의자")
    office.tap("#dialog button", "삭제")
    office.tap("#dialog button.grave")
    until(lambda: "아기 의자" not in office.text())
    assert console() == []


def test_an_owner_says_what_guests_must_know_in_their_languages(office, admin, console):
    def dish() -> dict:
        return next(menu for menu in menus_of(admin, "찌개·탕") if menu["menu_name"] == "순두부찌개")

    before = dish()
    untold = {"allergens": None, "origins": [], "translations": {"ja": {"name": "スンドゥブチゲ"}}}
    expect(200, admin.patch(f"/admin/menus/{before['menu_id']}", untold))
    office.log_in()
    office.tap(".hints summary", "표시를 확인할 메뉴")
    office.tap("#view details .row", "순두부찌개")
    office.tap("#dialog summary", "원산지")
    office.type("ingredient", "콩")
    office.type("origin", "국내산")
    office.tap("#dialog .choices label", "대두")
    office.tap("#dialog .choices label", "조개류")
    office.fill(min_age=12)
    after = dish()
    assert sorted(after["allergens"]) == ["대두", "조개류"]
    assert (after["origins"], after["min_age"]) == ([{"ingredient": "콩", "origin": "국내산"}], 12)
    until(lambda: not any("순두부찌개" in row for row in office.texts("#view details .row")))

    office.tap("#go-languages")
    office.tap("summary", "찌개·탕")
    name = office.find("[aria-label='순두부찌개: English']")
    name[0].clear()
    name[0].send_keys("Soft tofu stew", Keys.TAB)
    until(lambda: dish()["translations"].get("en", {}).get("name") == "Soft tofu stew")
    assert dish()["translations"]["ja"] == {"name": "スンドゥブチゲ"}
    kept = {name: before[name] for name in ("allergens", "origins", "min_age", "translations")}
    expect(200, admin.patch(f"/admin/menus/{before['menu_id']}", kept))
    assert console() == []


def test_an_owner_serves_a_dish_at_some_hours(office, admin, console):
    menu = menu_id(admin, "물냉면")
    office.log_in()
    office.tap("#go-dayparts")
    office.tap("button.main", "판매 시간 추가")
    office.tap("#dialog .weekdays label", "토")
    office.fill(daypart_name="점심 한정")
    office.reads("월·화·수·목·금·토 11:00–14:00", ".rows")
    dayparts = expect(200, admin.get("/admin/dayparts"))["dayparts"]
    [lunch] = [one for one in dayparts if one["daypart_name"] == "점심 한정"]
    assert [one["weekday"] for one in lunch["hours"]] == [0, 1, 2, 3, 4, 5]
    office.tap("#go-menu")
    office.tap(".menu-editor .row", "밥·면")
    office.tap("[data-menu] .row", "물냉면")
    office.tap("#dialog label.choice", "점심 한정")
    office.fill()
    [dish] = [one for one in menus_of(admin, "밥·면") if one["menu_id"] == menu]
    assert lunch["daypart_id"] in dish["dayparts"]
    office.tap("#go-dayparts")
    office.tap("[aria-label='점심 한정 고치기']")
    office.tap("#dialog button", "삭제")
    office.tap("#dialog button.grave")
    until(lambda: not office.find("[aria-label='점심 한정 고치기']"))
    assert console() == []


def test_an_owner_gives_out_a_code_and_keeps_the_tablets(office, served, admin, console):
    office.log_in()
    office.tap("#go-tables")
    office.tap("[aria-label='3번 테이블 태블릿 등록']")
    until(lambda: office.run("return document.querySelector('.enrolment-picture')?.naturalWidth > 0"))
    [code] = office.texts(".enrolment-code")
    device = expect(201, Client(served.base).post("/auth/device/enrol", {"code": code, "device_name": "창가 태블릿"}))
    assert device["table_number"] == 3
    office.tap("#dialog button", "닫기")
    office.tap("[aria-label='창가 태블릿 고치기']")
    until(lambda: office.find("#dialog[open] [name=table_id]"))
    Select(office.find("[name=table_id]")[0]).select_by_visible_text("4번 테이블")
    office.fill(device_name="문가 태블릿")
    office.reads("4번 테이블", ".devices .label")
    [kept] = expect(200, admin.get("/admin/devices"))["devices"]
    assert (kept["device_name"], kept["table_number"]) == ("문가 태블릿", 4)
    office.tap("[aria-label='문가 태블릿 고치기']")
    for title in ("태블릿 고치기", "해제할까요?"):
        office.reads(title, "#dialog h2")
        office.tap("#dialog .actions button", "등록 해제")
    office.reads("아직 등록된 태블릿이 없습니다.", ".devices")
    assert expect(200, admin.get("/admin/devices"))["devices"] == []
    assert console() == []


def test_a_menu_file_shows_what_it_changes_before_it_does(office, admin, console, tmp_path):
    document = expect(200, admin.get("/admin/menu-document"))
    [soda] = [menu for menu in document["menus"] if menu["menu_name"] == "콜라"]
    before = soda["price"]
    file = tmp_path / "menu.json"
    office.log_in()
    for price in (before + 300, before):
        soda["price"] = price
        file.write_text(json.dumps(document))
        office.tap("#go-import")
        until(lambda: office.find("[name=document]"))
        office.find("[name=document]")[0].send_keys(str(file))
        office.reads(f"→ {price}", ".changes .card")
        office.tap(".changes button.main", "이대로 바꾸기")
        office.reads("메뉴를 바꾸었습니다.", ".changes")
        [sold] = [menu for menu in menus_of(admin, "음료·주류") if menu["menu_name"] == "콜라"]
        assert sold["price"] == price
    file.write_text("no menu")
    office.find("[name=document]")[0].send_keys(str(file))
    office.reads("메뉴 파일(JSON)이 아닙니다.", ".changes")
    assert console() == []


def test_a_finger_that_rests_on_a_row_is_heard_though_the_row_changes(office, admin):
    menu = f"/admin/menus/{menu_id(admin, '김치찌개')}"
    switch = "[role=switch][aria-label='김치찌개']"
    price = f"[data-menu='{menu.split('/')[-1]}'] .money"
    office.log_in()
    office.reads("9,000원", price)
    office.run(
        """
        const before = Response.prototype.json;
        Response.prototype.json = async function () {
            const document = await before.call(this);
            if (this.url.includes("/admin/menus?")) setTimeout(() => (window.seen = document)); // once drawn
            return document;
        };
        """
    )
    press = ActionChains(office.browser).move_to_element(office.find(switch)[0])
    press.click_and_hold().perform()
    try:
        expect(200, admin.patch(menu, {"price": 9100}))
        until(lambda: "9100" in office.run("return JSON.stringify(window.seen ?? null)"))
        assert office.texts(price) == ["9,000원"]
        press.release().perform()
        office.reads("품절", switch)
        office.reads("9,100원", price)
    finally:
        expect(200, admin.patch(menu, {"price": 9000, "is_available": True}))


def test_a_button_that_needs_the_menu_shows_once_it_is_there(office):
    office.log_in()
    office.reads("메뉴 추가", ".section-head button")
    office.run(
        """
        const before = window.fetch;
        const answered = new Promise((answer) => (window.answer = answer));
        window.fetch = async (address, options) => {
            if (new URL(address, location).pathname.endsWith("/admin/menus")) await answered;
            return before(address, options);
        };
        document.querySelector("#go-menu").click();
        """
    )
    assert office.texts(".section-head button") == []
    office.run("window.answer()")
    office.tap(".section-head button.main", "메뉴 추가")
    until(lambda: office.find("#dialog[open] [name=menu_name]"))


def test_a_new_dish_is_added_once_though_the_answer_is_lost(office, admin, browser):
    office.log_in()
    office.tap("button.main", "메뉴 추가")
    office.type("menu_name", "잃어버린 전")
    office.type("price", "9000")
    office.run(
        """
        const before = window.fetch;
        window.fetch = async (address, options) => {
            const answer = await before(address, options);
            if (options.method !== "POST" || !address.endsWith("/admin/menus")) return answer;
            window.fetch = before;
            throw new TypeError("the answer is lost");
        };
        """
    )
    office.tap("#dialog button[type=submit]")
    office.reads("응답을 받지 못했습니다.", "#dialog [role=alert]")
    until(lambda: names_of(admin, "찌개·탕").count("잃어버린 전") == 1)
    expect(200, admin.delete(f"/admin/menus/{menu_id(admin, '잃어버린 전')}"))


@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_the_office(office, served, admin, axe, size):
    order = expect(201, guests_at(served, 8).order((menu_id(admin, "콜라"), 3)))
    expect(200, admin.post(f"/admin/tables/{order['table_id']}/end-session"))
    person = {"username": f"axe-{size}", "display_name": "김민지", "role": "staff", "password": "eight-or-more"}
    expect(201, admin.post("/admin/staff", person))
    office.resize(*SIZES[size])
    seen = violations(office, axe)
    office.log_in()
    for view, shows, opens in (
        ("menu", "[data-menu]", "[data-menu] .row"),
        ("options", ".groups .row", ".groups .row"),
        ("tables", ".rows li", ".rows [data-role=enrol]"),
        ("dayparts", ".section-head button", ".section-head button"),
        ("calls", ".section-head button", ".section-head button"),
        ("staff", ".rows li", ".rows button"),
        ("history", "tbody tr", "tbody button"),
    ):
        office.tap(f"#go-{view}")
        until(lambda selector=shows: office.find(selector))
        seen += violations(office, axe)
        assert small_targets(office) == []
        office.tap(opens)
        until(lambda: office.find("#dialog[open]"))
        seen += violations(office, axe)
        assert small_targets(office) == []
        office.tap("#dialog .actions button")
    office.tap("#go-languages")
    office.tap("summary", "찌개·탕")
    seen += violations(office, axe)
    assert small_targets(office) == []
    office.tap("#go-menu")
    office.tap("[data-menu] .row")
    office.tap("#dialog summary")
    seen += violations(office, axe)
    assert small_targets(office) == []
    office.tap("#dialog .actions button")
    office.tap("#go-import")
    until(lambda: office.find("[name=document]"))
    seen += violations(office, axe)
    assert small_targets(office) == []
    office.tap("#go-audit")
    until(lambda: office.find(".audit li"))
    seen += violations(office, axe)
    assert small_targets(office) == []
    office.tap("#go-settings")
    until(lambda: office.find("[name=time_zone]"))
    seen += violations(office, axe)
    assert small_targets(office) == []
    assert seen == []
