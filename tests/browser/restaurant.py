"""The restaurant behind the screens, as its API tells it."""

from __future__ import annotations

from tests.api.client import Client, Tablet, expect
from tests.management.running import Serve


def guests_at(served: Serve, table_number: int) -> Tablet:
    """Guests who order without a screen."""
    login = {"store_id": 1, "table_number": table_number, "table_password": "demo-table"}
    return Tablet(served.base, expect(200, Client(served.base).post("/auth/table/login", login))["access_token"])


def orders_at(admin: Client, table_number: int) -> list[dict]:
    tables = expect(200, admin.get("/admin/orders"))["tables"]
    return [order for table in tables if table["table_number"] == table_number for order in table["orders"]]


def menu_id(admin: Client, name: str) -> int:
    categories = expect(200, admin.get("/admin/menus"))["categories"]
    return next(menu["menu_id"] for category in categories for menu in category["menus"] if menu["menu_name"] == name)
