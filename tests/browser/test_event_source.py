"""A page with a plain EventSource gets the events, and what it missed when it comes back."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.api.client import Client, Restaurant, Tablet, expect
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)

FOLLOW = """
window.seen = [];
window.last = window.last || "";
window.feed = new EventSource(`/api/v1/admin/orders/sse?ticket=${arguments[0]}&last_event_id=${window.last}`);
for (const type of ["initial", "order_created", "order_updated", "session_ended"])
    window.feed.addEventListener(type, (event) => {
        window.last = event.lastEventId;
        window.seen.push([type, JSON.parse(event.data)]);
    });
"""


def test_a_page_follows_the_orders(browser, served):
    restaurant = Restaurant(served.base, 1, "", "demo", "demo-admin")
    login = {"store_id": 1, "table_number": 5, "table_password": "demo-table"}
    tablet = Tablet(served.base, expect(200, Client(served.base).post("/auth/table/login", login))["access_token"])
    menu_id = expect(200, tablet.get("/customer/menus"))["categories"][0]["menus"][0]["menu_id"]

    def follow() -> None:
        ticket = expect(201, restaurant.admin.post("/admin/orders/sse/ticket"))["ticket"]
        browser.execute_script(FOLLOW, quote(ticket))

    def seen(count: int) -> list:
        until(lambda: len(browser.execute_script("return window.seen")) >= count)
        return browser.execute_script("return window.seen")

    browser.get(served.base + "/docs")  # a page of the same origin that may connect to it
    follow()
    assert [kind for kind, _ in seen(1)] == ["initial"]
    order = expect(201, tablet.order((menu_id, 2)))
    expect(200, restaurant.admin.patch(f"/admin/orders/{order['order_id']}/status", {"status": "준비중"}))
    _, created, updated = seen(3)
    assert created == ["order_created", order]
    assert updated[0] == "order_updated" and updated[1]["status"] == "준비중"
    browser.execute_script("window.feed.close()")
    missed = expect(201, tablet.order((menu_id, 1)))
    follow()
    assert seen(1) == [["order_created", missed]]
    browser.execute_script("window.feed.close()")
