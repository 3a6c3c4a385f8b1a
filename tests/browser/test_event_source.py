"""A page with the API guide's own code follows the orders, and gets what it missed when it comes back."""

from __future__ import annotations

import re

import pytest

from tests.api.client import Client, Restaurant, Tablet, expect
from tests.management.running import CHECKOUT
from tests.waiting import until

pytestmark = pytest.mark.long

GUIDE = (CHECKOUT / "docs" / "api-guide.md").read_text()

# What the guide leaves to the page, and a hand on the feed that it opened.
PAGE = """
const token = "Bearer " + arguments[0];
window.seen = [];
const show = (type, data) => window.seen.push([type, data]);
class EventSource extends window.EventSource {
    constructor(url) { super(url); window.feed = this; }
}
"""


def test_a_page_follows_the_orders_and_comes_back(browser, served):
    restaurant = Restaurant(served.base, 1, "", "demo", "demo-admin")
    login = {"store_id": 1, "table_number": 5, "table_password": "demo-table"}
    tablet = Tablet(served.base, expect(200, Client(served.base).post("/auth/table/login", login))["access_token"])
    menu_id = expect(200, tablet.get("/customer/menus"))["categories"][0]["menus"][0]["menu_id"]

    def seen(count: int) -> list:
        until(lambda: len(browser.execute_script("return window.seen")) >= count)
        return browser.execute_script("return window.seen")

    browser.get(served.base + "/docs")  # a page of the same origin that may connect to it
    [code] = re.findall(r"```js\n(.*?)```", GUIDE, re.DOTALL)
    browser.set_network_conditions(offline=True, latency=0, throughput=0)
    try:
        browser.execute_script(PAGE + code + "follow();", restaurant.admin.token)
        until(lambda: any("ERR_INTERNET_DISCONNECTED" in entry["message"] for entry in browser.get_log("browser")))
    finally:
        browser.delete_network_conditions()
    assert [kind for kind, _ in seen(1)] == ["initial"]
    order = expect(201, tablet.order((menu_id, 2)))
    expect(200, restaurant.admin.patch(f"/admin/orders/{order['order_id']}/status", {"status": "준비중"}))
    _, created, updated = seen(3)
    assert created == ["order_created", order]
    assert updated[0] == "order_updated" and updated[1]["status"] == "준비중"
    browser.execute_script("window.feed.dispatchEvent(new Event('error'))")
    missed = expect(201, tablet.order((menu_id, 1)))
    assert seen(4)[3:] == [["order_created", missed]]
    browser.execute_script("window.feed.onerror = null; window.feed.close()")
