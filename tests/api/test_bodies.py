"""What a body may carry besides what it is for, and how much of it is read."""

import json

import pytest

from tests.api.client import Client, expect, refused
from tests.api.test_menus import data_url, picture

LIMIT = 16 * 1024


def post(client, path, body, method="POST"):
    return client.call(method, path, data=body, headers={"Content-Type": "application/json"})


def test_a_client_may_send_back_a_menu(restaurant):
    menu_id = restaurant.add_menu(description="매워요", image_base64=data_url("png"))
    path = f"/admin/menus/{menu_id}"
    given = expect(200, restaurant.admin.patch(path, {"price": 1}))
    changed = expect(200, restaurant.admin.patch(path, given | {"menu_id": 7, "category_name": "x"}))
    assert changed | {"updated_at": ""} == given | {"updated_at": ""}
    added = expect(201, restaurant.admin.post("/admin/menus", given))
    ours = dict.fromkeys(("menu_id", "created_at", "updated_at"))
    assert added["menu_id"] != menu_id and added | ours == given | ours
    [category] = expect(200, restaurant.admin.get(f"/admin/menus?category_id={given['category_id']}"))["categories"]
    for listed in category["menus"]:
        expect(200, restaurant.admin.patch(f"/admin/menus/{listed['menu_id']}", listed))


def test_a_client_may_send_back_a_category(restaurant):
    category_id = restaurant.add_category("식사", display_order=3)
    [given] = expect(200, restaurant.admin.get("/admin/categories"))["categories"]
    assert expect(200, restaurant.admin.patch(f"/admin/categories/{category_id}", given)) == given
    added = expect(201, restaurant.admin.post("/admin/categories", given | {"category_name": "음료"}))
    assert added["category_id"] != category_id


def test_a_client_may_send_back_a_table(restaurant):
    body = {"table_number": 1, "table_password": "tablet-1234"}
    given = expect(201, restaurant.admin.post("/admin/tables", body))
    path = f"/admin/tables/{given['table_id']}"
    assert expect(200, restaurant.admin.patch(path, given)) == given
    [listed] = expect(200, restaurant.admin.get("/admin/tables"))["tables"]
    assert expect(200, restaurant.admin.patch(path, listed)) == given
    expect(201, restaurant.admin.post("/admin/tables", given | body | {"table_number": 2, "store_id": 7}))


def test_a_client_may_send_back_an_order_and_its_prices_are_never_believed(restaurant, tablet):
    menu_id = restaurant.add_menu(price=9000)
    given = expect(201, tablet.order((menu_id, 2)))
    lines = [line | {"unit_price": 1, "subtotal": 2, "menu_name": "x"} for line in given["items"]]
    again = expect(201, tablet.post("/customer/orders", given | {"items": lines, "total_amount": 2}))
    assert again["order_id"] != given["order_id"] and again["total_amount"] == 18000
    assert again["items"][0]["unit_price"] == 9000
    path = f"/admin/orders/{given['order_id']}/status"
    assert expect(200, restaurant.admin.patch(path, given | {"status": "완료"}))["status"] == "완료"
    kept = [line | {"keep": 1} for line in given["items"]]
    expect(200, restaurant.admin.post(f"/admin/orders/{given['order_id']}/void-lines", given | {"lines": kept}))


def test_a_client_may_send_back_a_stock(restaurant):
    body = {"menu_id": restaurant.add_menu(), "remaining": 3}
    expect(200, restaurant.admin.put("/admin/stock", body))
    [listed] = expect(200, restaurant.admin.get("/admin/stock"))["stock"]
    again = expect(200, restaurant.admin.put("/admin/stock", listed))
    assert (again["stock_id"], again["remaining"]) == (listed["stock_id"], 3)


def test_the_prices_are_no_part_of_what_an_idempotency_key_is_for(restaurant, tablet):
    menu_id = restaurant.add_menu()
    first = expect(201, tablet.order((menu_id, 2), key="k"))
    lines = [{"menu_id": menu_id, "quantity": 2, "unit_price": 5}]
    again = tablet.post("/customer/orders", {"items": lines}, headers={"Idempotency-Key": "k"})
    assert expect(201, again) == first


def test_both_logins_take_a_store_id(restaurant, table_id):
    anyone = Client(restaurant.base)
    login = {"username": restaurant.username, "password": restaurant.password}
    for store_id in (restaurant.store_id, None):
        answer = expect(200, anyone.post("/auth/admin/login", login | {"store_id": store_id}))
        assert answer["store_id"] == restaurant.store_id
    refused(401, "credentials_invalid", anyone.post("/auth/admin/login", login | {"store_id": restaurant.store_id + 1}))
    assert expect(200, anyone.post("/auth/admin/login", login | answer))["username"] == restaurant.username
    given = restaurant.log_in(1).json()
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "tablet-1234"}
    expect(200, anyone.post("/auth/table/login", given | body))


def test_any_other_field_is_a_400(restaurant, tablet, menu_id):
    admin = restaurant.admin
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    line = {"menu_id": menu_id, "quantity": 1}
    for response in (
        admin.patch(f"/admin/menus/{menu_id}", {"price": 1, "menu_count": 1}),
        admin.post("/admin/categories", {"category_name": "x", "display_ordr": 1}),
        admin.post("/admin/tables", {"table_number": 5, "table_password": "tablet-1234", "session_id": None}),
        admin.patch(f"/admin/orders/{order_id}/status", {"status": "완료", "reason": "x"}),
        tablet.post("/customer/orders", {"items": [line], "notes": "x"}),
        tablet.post("/customer/orders", {"items": [line | {"option": []}]}),
        admin.put("/admin/menus/order", {"menu_ids": [menu_id], "category": 1}),
        Client(restaurant.base).post("/auth/admin/login", {"username": "x", "password": "y", "table_id": 1}),
    ):
        assert "Unknown field." in json.dumps(refused(400, "validation_failed", response)["errors"])


def test_a_change_of_what_cannot_be_changed_is_a_change_of_nothing(restaurant, table_id, menu_id):
    category_id = restaurant.add_category("음료")
    for path, change in {
        f"/admin/menus/{menu_id}": {"menu_id": 7, "created_at": "x", "category_name": "y"},
        f"/admin/categories/{category_id}": {"category_id": 7, "menu_count": 1},
        f"/admin/tables/{table_id}": {"table_id": 7, "store_id": 1, "current_session_id": None, "is_active": True},
    }.items():
        assert "at least one" in json.dumps(refused(400, "validation_failed", restaurant.admin.patch(path, change)))


def count(errors):
    if isinstance(errors, dict):
        return sum(map(count, errors.values()))
    return len(errors)


def test_20_errors_are_listed_at_most(restaurant, tablet, menu_id):
    strange = {f"unknown {number}": 1 for number in range(500)}
    login = {"username": 1, "password": 2} | strange
    for response in (
        post(Client(restaurant.base), "/auth/admin/login", json.dumps(login)),
        tablet.post("/customer/orders", {"items": [{"quantity": 0}] * 50}),
        tablet.post("/customer/orders", {"items": [{f"unknown {number}": 1 for number in range(20)}] * 30}),
        restaurant.admin.put("/admin/menus/order", {"menu_ids": ["x"] * 500}),
        restaurant.admin.patch(f"/admin/menus/{menu_id}", {f"{number:07}": 1 for number in range(250_000)}),
        restaurant.admin.patch(f"/admin/menus/{menu_id}", {f"{number}{'x' * 100_000}": 1 for number in range(30)}),
    ):
        problem = refused(400, "validation_failed", response)
        assert count(problem["errors"]) == 20
        assert len(response.content) < 4096


def test_what_is_wrong_with_known_fields_comes_first(restaurant):
    strange = {f"unknown {number}": 1 for number in range(100)}
    problem = refused(400, "validation_failed", Client(restaurant.base).post("/auth/admin/login", strange))
    assert {"username", "password"} < problem["errors"].keys()


@pytest.mark.parametrize(
    "body",
    [
        '{"items": [{"menu_id": 1, "quantity": 1}], "items": [{"menu_id": 1, "quantity": 1}]}',
        '{"items": [{"menu_id": 1, "quantity": 1, "quantity": 2}]}',
        '{"items": [{"menu_id": 1, "quantity": 1, "\\u0071uantity": 1}]}',
        '{"items": [], "x": {"y": [{"z": 1, "z": 2}]}}',
    ],
)
def test_a_key_that_comes_twice_is_a_400(tablet, body):
    assert "twice" in refused(400, "json_invalid", post(tablet, "/customer/orders", body))["detail"]


def test_a_long_key_that_comes_twice_makes_no_long_answer(tablet):
    key = json.dumps("\ud800" + "가" * 1000)
    response = post(tablet, "/customer/orders", f"{{{key}: 1, {key}: 2}}")
    refused(400, "json_invalid", response)
    assert len(response.content) < 1024


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/table/login"),
        ("POST", "/auth/admin/login"),
        ("POST", "/customer/orders"),
        ("POST", "/admin/categories"),
        ("PATCH", "/admin/categories/1"),
        ("POST", "/admin/tables"),
        ("PATCH", "/admin/tables/1"),
        ("PATCH", "/admin/orders/1/status"),
    ],
)
def test_a_body_has_16_kb_at_most(restaurant, tablet, method, path):
    client = tablet if path.startswith("/customer") else restaurant.admin
    for size in (LIMIT + 1, 300_000, 3_800_000):
        problem = refused(413, "request_entity_too_large", post(client, path, b"{" + b" " * (size - 1), method))
        assert str(LIMIT) in problem["detail"]
    refused(400, "json_invalid", post(client, path, b"{" + b" " * (LIMIT - 1), method))
    chunks = iter([b"{" + b" " * LIMIT])
    refused(413, "request_entity_too_large", post(client, path, chunks, method))


def test_the_order_of_many_menus_has_32_kb_at_most(restaurant):
    most = 32 * 1024
    for status, code, size in ((400, "json_invalid", most), (413, "request_entity_too_large", most + 1)):
        sent = post(restaurant.admin, "/admin/menus/order", b"{" + b" " * (size - 1), "PUT")
        refused(status, code, sent)


def test_a_picture_may_be_sent_with_a_menu(restaurant):
    image = data_url("gif", picture("GIF") + b"\0" * 100_000)
    menu_id = restaurant.add_menu(image_base64=image)
    changed = expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"image_base64": image, "price": 7}))
    assert changed["price"] == 7


def test_an_order_of_50_lines_fits_with_all_that_its_answer_carries(restaurant, tablet):
    lines = [(restaurant.add_menu(menu_name=f"돌솥 비빔밥과 된장찌개 {number}"), 99) for number in range(50)]
    given = expect(201, tablet.order(*lines))
    body = json.dumps(given, ensure_ascii=False).encode()
    assert len(expect(201, post(tablet, "/customer/orders", body))["items"]) == 50
