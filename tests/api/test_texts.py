"""Texts of every kind mean the same however they are written, and what nobody can see is no text."""

import unicodedata

import pytest

from tests.api.client import Client, expect, refused

NFC = "국수"
NFD = "\u1100\u116e\u11a8\u1109\u116e"
INVISIBLE = ("\u3164", "\u115f", "\u1160", "\uffa0", "\u2800", "\u200b", "\u2060", "\u00ad", "\ufeff", "국\u202e수")
UNFIT = (*INVISIBLE, "a\x1bb", "a\tb", "\u200d", "국\u200d")


def test_a_name_is_taken_however_it_is_written(restaurant):
    category_id = restaurant.add_category(NFC)
    other = restaurant.add_category("음료")
    for again in (NFC, NFD, f"{NFC} ", f"\u3000{NFD}\n"):
        refused(409, "category_name_taken", restaurant.admin.post("/admin/categories", {"category_name": again}))
        change = restaurant.admin.patch(f"/admin/categories/{other}", {"category_name": again})
        refused(409, "category_name_taken", change)
        same = expect(200, restaurant.admin.patch(f"/admin/categories/{category_id}", {"category_name": again}))
        assert same["category_name"] == NFC


def test_a_name_is_as_long_as_it_looks(restaurant):
    for name, count in (("국", 50), ("한", 24)):
        decomposed = unicodedata.normalize("NFD", name * count)
        added = expect(201, restaurant.admin.post("/admin/categories", {"category_name": f" {decomposed} "}))
        assert added["category_name"] == name * count
    too_long = unicodedata.normalize("NFD", "국" * 51)
    refused(400, "validation_failed", restaurant.admin.post("/admin/categories", {"category_name": too_long}))
    menu = expect(201, add_menu(restaurant, menu_name=unicodedata.normalize("NFD", "한" * 100)))
    assert menu["menu_name"] == "한" * 100


@pytest.mark.parametrize("text", UNFIT)
def test_what_nobody_can_see_is_a_400_everywhere(restaurant, tablet, menu_id, text):
    admin, anyone = restaurant.admin, Client(restaurant.base)
    category_id, table_id = restaurant.add_category("음료"), tablet.claims["table_id"]
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    for field, response in (
        ("category_name", admin.post("/admin/categories", {"category_name": text})),
        ("category_name", admin.patch(f"/admin/categories/{category_id}", {"category_name": text})),
        ("menu_name", add_menu(restaurant, menu_name=text)),
        ("menu_name", admin.patch(f"/admin/menus/{menu_id}", {"menu_name": text})),
        ("description", add_menu(restaurant, description=text)),
        ("description", admin.patch(f"/admin/menus/{menu_id}", {"description": text})),
        ("table_password", admin.post("/admin/tables", {"table_number": 9, "table_password": text})),
        ("table_password", admin.patch(f"/admin/tables/{table_id}", {"table_password": text})),
        ("status", admin.patch(f"/admin/orders/{order_id}/status", {"status": text})),
        ("status", admin.get("/admin/orders", params={"status": text})),
        ("reason", admin.delete(f"/admin/orders/{order_id}", params={"reason": text})),
        ("username", anyone.post("/auth/admin/login", {"username": text, "password": "x"})),
        ("password", anyone.post("/auth/admin/login", {"username": "x", "password": text})),
        ("table_password", log_in(restaurant, 1, text)),
    ):
        assert refused(400, "validation_failed", response)["errors"].keys() == {field}


def test_emoji_stay_as_they_are(restaurant):
    for name in ("🍜", "❤️‍🔥 불닭", "👩‍🍳", "1️⃣번"):
        assert expect(201, add_menu(restaurant, menu_name=name, description=name))["menu_name"] == name


def test_a_description_may_have_lines(restaurant):
    text = "첫 줄\n둘째 줄"
    assert expect(201, add_menu(restaurant, description=f"{text}\n"))["description"] == text
    refused(400, "validation_failed", add_menu(restaurant, menu_name=text))


@pytest.mark.parametrize("blank", ["", " ", "\u3000\n"])
def test_a_blank_text_that_may_be_left_out_is_none(restaurant, tablet, menu_id, blank):
    assert expect(201, add_menu(restaurant, description=blank))["description"] is None
    path = f"/admin/menus/{menu_id}"
    expect(200, restaurant.admin.patch(path, {"description": "매워요"}))
    assert expect(200, restaurant.admin.patch(path, {"description": blank}))["description"] is None
    assert void(restaurant, tablet, menu_id, blank) is None


def test_a_reason_is_kept_as_it_is_meant(restaurant, tablet, menu_id):
    assert void(restaurant, tablet, menu_id, f"  {NFD} ") == NFC


def test_a_status_may_be_decomposed(restaurant, tablet, menu_id):
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    status = unicodedata.normalize("NFD", "준비중")
    changed = expect(200, restaurant.admin.patch(f"/admin/orders/{order_id}/status", {"status": status}))
    assert changed["status"] == "준비중"
    [table] = expect(200, restaurant.admin.get("/admin/orders", params={"status": status}))["tables"]
    assert table["order_count"] == 1


def test_a_password_is_the_same_however_it_is_written(restaurant):
    nfc = "한식당 주방"
    nfd = unicodedata.normalize("NFD", nfc)
    for number, kept in enumerate((nfc, nfd, f" {nfd}\n", "한식당\u3000주방"), 2):
        expect(201, restaurant.admin.post("/admin/tables", {"table_number": number, "table_password": kept}))
        for sent in (nfc, nfd, f"{nfc} ", "한식당\u00a0주방"):
            expect(200, log_in(restaurant, number, sent))
        refused(401, "credentials_invalid", log_in(restaurant, number, "한식당주방"))


def test_an_admin_logs_in_however_the_name_is_written(restaurant):
    for username in (
        restaurant.username,
        unicodedata.normalize("NFD", restaurant.username),
        f" {restaurant.username} ",
    ):
        login = {"username": username, "password": f"{restaurant.password} "}
        assert expect(200, Client(restaurant.base).post("/auth/admin/login", login))["username"] == restaurant.username


def test_marks_without_end_are_a_400_at_once(restaurant):
    response = add_menu(restaurant, menu_name="a" + "\u0301\u0323" * 100_000)
    assert refused(400, "validation_failed", response)["errors"].keys() == {"menu_name"}


def add_menu(restaurant, **values):
    listed = expect(200, restaurant.admin.get("/admin/categories"))["categories"]
    category_id = listed[0]["category_id"] if listed else restaurant.add_category("분류")
    return restaurant.admin.post("/admin/menus", {"category_id": category_id, "menu_name": "x", "price": 1} | values)


def log_in(restaurant, number, password):
    body = {"store_id": restaurant.store_id, "table_number": number, "table_password": password}
    return Client(restaurant.base).post("/auth/table/login", body)


def void(restaurant, tablet, menu_id, reason):
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    expect(200, restaurant.admin.delete(f"/admin/orders/{order_id}", params={"reason": reason}))
    return expect(200, restaurant.admin.get("/admin/voids?limit=1"))["voids"][0]["reason"]
