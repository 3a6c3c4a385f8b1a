"""The description of the API, held against what the API and the live feed really say."""

from __future__ import annotations

import pytest
import requests

from tests.api.client import TABLE_PASSWORD, Client, Restaurant, Tablet, at_once, expect
from tests.api.openapi_client import OpenApiClient
from tests.api.streams import ADMIN_STREAM, TABLE_STREAM, Reader
from tests.api.test_access import PRIVATE
from tests.waiting import until


@pytest.fixture
def described(server) -> OpenApiClient:
    return OpenApiClient(server.base)


def test_all_workers_serve_the_same_document_which_a_client_needs_once(server):
    def get(known: str = "") -> requests.Response:
        return requests.get(f"{server.base}/openapi.json", headers={"If-None-Match": known}, timeout=30)

    answers = at_once(*[get] * 20)
    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.content, answer.headers["ETag"]) for answer in answers}) == 1
    again = requests.get(
        f"{server.base}/openapi.json", headers={"If-None-Match": answers[0].headers["ETag"]}, timeout=30
    )
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", answers[0].headers["ETag"])


def test_every_operation_answers_as_described(described, restaurant, server):
    call, admin = described.call, restaurant.admin
    login = {"username": restaurant.username, "password": restaurant.password}
    call("log_in_admin", 200, login)
    call("log_in_admin", 401, login | {"password": "wrong"})
    prepare_menu(described, restaurant)
    tablet = seat(described, restaurant)
    order = order_a_meal(described, tablet, admin)
    serve_and_end(described, admin, tablet, order)
    enrol_a_tablet(described, admin)
    for name in ("show_health", "show_liveness", "show_readiness", "show_database_health"):
        call(name, 200)
        call(f"{name}_v1", 200)
    call("show_metrics", 200)
    call("show_openapi", 200)
    call("show_docs", 200)
    for name in ("show_landing", "show_tablet", "show_counter", "show_kitchen", "show_office", "show_service_worker"):
        call(name, 200)
    call("show_picture", 404, sha256="0" * 64)
    changed = {"current_password": restaurant.password, "new_password": "another-owner-1234"}
    admin.token = call("change_password", 200, changed, by=admin)["access_token"]
    pin = {"current_password": "another-owner-1234", "pin": "4711"}
    call("set_pin", 200, pin, by=admin)
    call("set_pin", 400, pin | {"pin": "471"}, by=admin)
    approval = {"username": restaurant.username, "pin": "4711", "action": "void", "subject": 1}
    call("add_approval", 201, approval, by=admin)
    call("add_approval", 400, approval | {"subject": None}, by=admin)
    call("add_approval", 401, approval | {"pin": "0000"}, by=admin)
    call("log_out", 200, by=admin)
    by_role = {described.name_of(*route) for route in PRIVATE}  # test_access.py looks at what those answer
    assert described.called | by_role == set(described.operations) - {"follow_store", "follow_session"}


def prepare_menu(described: OpenApiClient, restaurant: Restaurant) -> None:
    call, admin = described.call, restaurant.admin
    category_id = call("add_category", 201, {"category_name": "찌개"}, by=admin)["category_id"]
    call("add_category", 409, {"category_name": "찌개"}, by=admin)
    call("update_category", 200, {"display_order": 3}, by=admin, category_id=category_id)
    call("update_category", 400, {}, by=admin, category_id=category_id)
    empty = call("add_category", 201, {"category_name": "구이"}, by=admin)["category_id"]
    menus = [
        call("add_menu", 201, {"category_id": category_id, "menu_name": name, "price": 9000}, by=admin)["menu_id"]
        for name in ("김치찌개", "된장찌개", "갈비탕")
    ]
    call("update_menu", 200, {"description": "묵은지"}, by=admin, menu_id=menus[0])
    call("reorder_menus", 200, {"menu_ids": menus[::-1]}, by=admin)
    call("reorder_menus", 409, {"menu_ids": menus[1:]}, by=admin)
    offer_sizes(described, admin, menus[0])
    call("delete_menu", 200, by=admin, menu_id=menus[2])
    call("delete_menu", 404, by=admin, menu_id=menus[2])
    call("delete_category", 409, by=admin, category_id=category_id)
    call("delete_category", 200, by=admin, category_id=empty)
    call("list_menus", 200, by=admin, query={"category_id": category_id})
    call("list_categories", 200, by=admin)


def offer_sizes(described: OpenApiClient, admin: Client, menu_id: int) -> None:
    call = described.call
    group_id = call("add_option_group", 201, {"group_name": "사이즈"}, by=admin)["group_id"]
    call("update_option_group", 200, {"min_select": 1}, by=admin, group_id=group_id)
    call("update_option_group", 400, {"max_each": 2}, by=admin, group_id=group_id)
    call("set_menu_option_groups", 409, {"group_ids": [group_id]}, by=admin, menu_id=menu_id)
    sizes = [
        call("add_option", 201, {"option_name": name, "is_default": name == "보통"}, by=admin, group_id=group_id)
        for name in ("보통", "곱빼기", "특")
    ]
    call("set_menu_option_groups", 200, {"group_ids": [group_id]}, by=admin, menu_id=menu_id)
    call("update_option", 200, {"price_delta": 2000}, by=admin, option_id=sizes[1]["option_id"])
    call("delete_option", 200, by=admin, option_id=sizes[2]["option_id"])
    call("delete_option_group", 409, by=admin, group_id=group_id)
    spare = call("add_option_group", 201, {"group_name": "토핑"}, by=admin)["group_id"]
    call("delete_option_group", 200, by=admin, group_id=spare)
    call("list_option_groups", 200, by=admin)
    stock = call("set_stock", 200, {"menu_id": menu_id, "remaining": 9, "low_at": 5}, by=admin)["stock_id"]
    waste, key = {"delta": -1, "reason": "waste"}, {"Idempotency-Key": "1"}
    call("adjust_stock", 200, waste, by=admin, stock_id=stock, headers=key)
    call("adjust_stock", 409, waste | {"delta": -99}, by=admin, stock_id=stock, headers={"Idempotency-Key": "2"})
    call("adjust_stock", 400, waste, by=admin, stock_id=stock)
    call("list_stock", 200, by=admin)


def seat(described: OpenApiClient, restaurant: Restaurant) -> Tablet:
    call, admin = described.call, restaurant.admin
    table_id = call("add_table", 201, {"table_number": 1, "table_password": TABLE_PASSWORD}, by=admin)["table_id"]
    call("update_table", 200, {"table_number": 2}, by=admin, table_id=table_id)
    spare = call("add_table", 201, {"table_number": 3, "table_password": TABLE_PASSWORD}, by=admin)["table_id"]
    call("delete_table", 200, by=admin, table_id=spare)
    login = {"store_id": restaurant.store_id, "table_number": 2, "table_password": TABLE_PASSWORD}
    tablet = Tablet(restaurant.base, call("log_in_table", 200, login)["access_token"])
    call("list_tables", 200, by=admin)
    call("list_tables", 403, by=tablet)
    call("delete_table", 409, by=admin, table_id=table_id)
    return tablet


def enrol_a_tablet(described: OpenApiClient, admin: Client) -> None:
    call = described.call
    table_id = call("list_tables", 200, by=admin)["tables"][0]["table_id"]
    code = call("add_enrolment", 201, by=admin, table_id=table_id)["code"]
    enrolled = call("enrol_device", 201, {"code": code, "device_name": "창가 태블릿"})
    call("enrol_device", 401, {"code": code, "device_name": "창가 태블릿"})
    call("log_in_device", 200, {"device_token": enrolled["device_token"]})
    call("list_devices", 200, by=admin)
    call("update_device", 200, {"device_name": "문가 태블릿"}, by=admin, device_id=enrolled["device_id"])
    call("delete_device", 200, by=admin, device_id=enrolled["device_id"])
    call("log_in_device", 401, {"device_token": enrolled["device_token"]})


def order_a_meal(described: OpenApiClient, tablet: Tablet, admin: Client) -> dict:
    call = described.call
    menus = call("show_menu", 200, by=tablet)["categories"][0]["menus"]
    etag = tablet.get("/customer/menus").headers["ETag"]
    call("show_menu", 304, by=tablet, headers={"If-None-Match": etag})
    call("show_menu", 401)
    meal = {"items": [{"menu_id": menu["menu_id"], "quantity": 2} for menu in menus]}
    order = call("place_order", 201, meal, by=tablet, headers={"Idempotency-Key": "1"})
    call("place_order", 422, {"items": meal["items"][:1]}, by=tablet, headers={"Idempotency-Key": "1"})
    call("place_order", 400, {"items": []}, by=tablet)
    mistaken = call("place_order", 201, meal, by=tablet)["order_id"]
    page = call("list_session_orders", 200, by=tablet, query={"limit": 1})
    call("list_session_orders", 200, by=tablet, query={"limit": 1, "cursor": page["next_cursor"]})
    call("get_session_order", 200, by=tablet, order_id=order["order_id"])
    call("void_order", 200, by=admin, order_id=mistaken, query={"reason": "주문 실수"})
    quoted = meal | {"expected_total": 1}
    call("place_order", 409, quoted, by=tablet)
    kept = {"lines": [{"order_item_id": order["items"][0]["order_item_id"], "keep": 1}]}
    call("void_order_lines", 200, kept, by=admin, order_id=order["order_id"])
    too_many = {"lines": [{"order_item_id": order["items"][0]["order_item_id"], "keep": 2}]}
    call("void_order_lines", 409, too_many, by=admin, order_id=order["order_id"])
    call("list_voids", 200, by=admin)
    return order


def serve_and_end(described: OpenApiClient, admin: Client, tablet: Tablet, order: dict) -> None:
    call, table_id = described.call, order["table_id"]
    call("get_order", 200, by=admin, order_id=order["order_id"])
    call("list_orders", 200, by=admin, query={"status": "대기중", "table_id": table_id})
    call("update_order_status", 200, {"status": "완료"}, by=admin, order_id=order["order_id"])
    call("update_order_status", 409, {"status": "대기중"}, by=admin, order_id=order["order_id"])
    call("add_admin_ticket", 201, by=admin)
    call("add_table_ticket", 201, by=tablet)
    call("end_session", 200, by=admin, table_id=table_id)
    call("end_session", 409, by=admin, table_id=table_id)
    call("list_history", 200, by=admin, table_id=table_id)
    call("list_store_history", 200, by=admin, query={"table_number": 2, "cursor": "1770183910500000-12"})
    [past] = call("list_store_history", 200, by=admin)["history"]
    assert past["table_id"] == table_id
    call("list_store_history", 400, by=admin, query={"cursor": "x"})
    call("get_order", 404, by=admin, order_id=order["order_id"])


@pytest.mark.parametrize(("path", "name"), [(ADMIN_STREAM, "follow_store"), (TABLE_STREAM, "follow_session")])
def test_every_event_of_a_feed_is_as_described(described, restaurant, stream_server, path, name):
    restaurant.add_table(1)
    menu_id = restaurant.add_menu()
    tablet = restaurant.seat(1)
    reader = Reader(stream_server.base, path, token=(restaurant.admin if "admin" in path else tablet).token)
    reader.wait_for(1)
    orders = [tablet.order((menu_id, 1)).json()["order_id"] for _ in range(2)]
    restaurant.admin.patch(f"/admin/orders/{orders[0]}/status", {"status": "완료"})
    restaurant.admin.delete(f"/admin/orders/{orders[1]}")
    restaurant.add_table(2)
    restaurant.seat(2)
    counted = restaurant.add_menu()
    for remaining in (1, 0):
        restaurant.admin.put("/admin/stock", {"menu_id": counted, "remaining": remaining})
    call_id = expect(201, tablet.post("/customer/calls", {}))["call_id"]
    expect(200, restaurant.admin.post(f"/admin/calls/{call_id}/take"))
    expect(200, restaurant.admin.post(f"/admin/calls/{call_id}/close"))
    restaurant.end_session(tablet.claims["table_id"])
    until(lambda: any(event.type == "session_ended" for event in reader.events))
    reader.close()
    schemas = described.operations[name][2]["x-events"]
    for event in reader.events:
        described.check(schemas[event.type], event.data)
    assert {event.type for event in reader.events} | {"goodbye"} == set(schemas)


def test_a_refused_feed_is_as_described(described, restaurant, stream_server):
    restaurant.add_table(1)
    described.base = stream_server.base
    described.call("follow_store", 401)
    described.call("follow_store", 401, query={"ticket": "1.made-up"})
    described.call("follow_store", 403, by=restaurant.seat(1))
    described.call("follow_session", 403, by=restaurant.admin)
