"""One round trip to the database for each request, with options, notes, a quote, stock, calls and staff in use."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.api.client import UNKNOWN_ID, expect
from tests.api.test_options import add_group, attach, item
from tests.api.test_staff import at_work
from tests.nouns.approvals import APPROVAL, add_boss


@pytest.fixture
def count_statements(server):
    """Makes a call and returns its answer, and how many statements it has run."""

    def count(call, *arguments, **headers):
        request_id = uuid.uuid4().hex
        answer = call(*arguments, headers={"X-Request-ID": request_id, **headers})
        lines = [json.loads(line) for line in server.log().splitlines() if request_id in line]
        [statements] = [line["statements"] for line in lines if line["message"] == "request"]
        return answer, statements

    return count


@pytest.fixture
def once(count_statements):
    """Makes a call, which is one statement, and returns what it answered."""

    def make(status, call, *arguments, **headers):
        answer, statements = count_statements(call, *arguments, **headers)
        body = expect(status, answer)
        assert statements == 1, (arguments, statements)
        return body

    return make


def test_each_request_is_one_round_trip(restaurant, tablet, table_id, menu_id, once):
    admin = restaurant.admin
    group_id, [normal, double] = add_group(
        restaurant, ("보통", 0, {"is_default": True}), ("곱빼기", 2000), min_select=1, max_select=2
    )
    expect(200, attach(restaurant, menu_id, group_id))

    counted = once(200, admin.put, "/admin/stock", {"menu_id": menu_id, "remaining": 9, "low_at": 8})
    once(200, admin.put, "/admin/stock", {"option_id": double, "remaining": 1})
    adjusted = {"delta": 1, "reason": "added"}
    for _ in range(2):
        once(200, admin.post, f"/admin/stock/{counted['stock_id']}/adjust", adjusted, **{"Idempotency-Key": "1"})
    once(200, admin.get, "/admin/stock")

    chosen = [{"option_id": normal}, {"option_id": double}]
    items = [item(menu_id, options=chosen, note="파 빼고", expected_unit_price=11000), item(menu_id, 3)]
    body = {"items": items, "note": "같이 주세요", "expected_total": 38000}
    placed = once(201, tablet.post, "/customer/orders", body, **{"Idempotency-Key": "1"})
    once(201, tablet.post, "/customer/orders", body, **{"Idempotency-Key": "1"})
    once(409, tablet.post, "/customer/orders", body | {"expected_total": 1})
    once(409, tablet.post, "/customer/orders", {"items": items})
    once(200, tablet.get, "/customer/menus")
    once(200, tablet.get, "/customer/orders")
    once(200, admin.get, "/admin/orders")

    lines = {"lines": [{"order_item_id": placed["items"][1]["order_item_id"], "keep": 1}], "restock": True}
    for _ in range(2):
        once(200, admin.post, f"/admin/orders/{placed['order_id']}/void-lines", lines)
    once(200, admin.get, "/admin/voids")
    once(200, admin.delete, f"/admin/orders/{placed['order_id']}?restock=true")

    document = once(200, admin.get, "/admin/menu-document")
    document["menus"][0]["price"] += 1
    for dry_run in ("true", "false"):
        put = f"/admin/menu-document?dry_run={dry_run}"
        once(200, admin.put, put, document, **{"If-Match": f'"{document["version"]}"'})

    once(200, admin.get, "/admin/option-groups")
    added = once(201, admin.post, "/admin/option-groups", {"group_name": "맵기"})
    path = f"/admin/option-groups/{added['group_id']}"
    once(200, admin.patch, path, {"max_select": 2})
    option = once(201, admin.post, f"{path}/options", {"option_name": "맵게"})
    once(200, admin.patch, f"/admin/options/{option['option_id']}", {"price_delta": 1})
    once(200, admin.put, f"/admin/menus/{menu_id}/option-groups", {"group_ids": [group_id, added["group_id"]]})
    once(200, admin.put, f"/admin/menus/{menu_id}/option-groups", {"group_ids": []})
    once(200, admin.delete, f"/admin/options/{option['option_id']}")
    once(200, admin.delete, path)
    once(200, admin.post, f"/admin/tables/{table_id}/end-session")


def test_each_request_about_calls_is_one_round_trip(restaurant, tablet, table_id, once):
    admin = restaurant.admin
    item_id = once(201, admin.post, "/admin/call-items", {"label": "물", "max_quantity": 4})["call_item_id"]
    once(200, admin.get, "/admin/call-items")
    once(200, admin.patch, f"/admin/call-items/{item_id}", {"max_quantity": 3})
    once(200, tablet.get, "/customer/call-items")
    wanted = {"items": [{"call_item_id": item_id, "quantity": 1}]}
    for status in (201, 200):
        call_id = once(status, tablet.post, "/customer/calls", wanted)["call_id"]
    once(404, tablet.post, "/customer/calls", {"items": [{"call_item_id": UNKNOWN_ID}]})
    once(200, tablet.get, "/customer/calls/current")
    once(200, admin.get, "/admin/calls?open=true")
    for step in ("take", "close"):
        once(200, admin.post, f"/admin/calls/{call_id}/{step}")
    once(200, tablet.delete, "/customer/calls/current")
    once(200, admin.delete, f"/admin/call-items/{item_id}")
    once(200, admin.post, f"/admin/tables/{table_id}/end-session")
    once(409, tablet.post, "/customer/calls", {})


def test_each_request_with_an_approval_is_one_round_trip(restaurant, tablet, menu_id, once):
    add_boss(restaurant)
    waiter = at_work(restaurant, "staff")
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    once(200, waiter.patch, f"/admin/orders/{order_id}/status", {"status": "준비중"})
    once(403, waiter.delete, f"/admin/orders/{order_id}")
    approval = APPROVAL | {"action": "void", "subject": order_id}
    headers = {"X-Approval": expect(201, waiter.post("/admin/approvals", approval))["approval_token"]}
    once(200, waiter.delete, f"/admin/orders/{order_id}", **headers)
    headers = {"X-Approval": expect(201, waiter.post("/admin/approvals", APPROVAL))["approval_token"]}
    once(200, waiter.get, "/admin/voids", **headers)
    once(403, waiter.get, "/admin/history")
    once(200, restaurant.admin.get, "/admin/audit")


def test_each_request_about_staff_is_one_round_trip(restaurant, once):
    admin = restaurant.admin
    person = {"username": "minji", "display_name": "김민지", "role": "staff", "password": "eight-or-more"}
    path = f"/admin/staff/{once(201, admin.post, '/admin/staff', person)['staff_id']}"
    once(200, admin.get, "/admin/staff")
    once(200, admin.patch, path, {"role": "kitchen", "password": "eight-or-less"})
    once(200, admin.post, f"{path}/revoke")
    once(200, admin.delete, path)
    once(200, admin.post, "/auth/logout")
    once(401, admin.get, "/admin/staff")
