"""A real browser, headless, and bin/serve for it to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.api.client import Client, expect
from tests.browser.chromium import chromium
from tests.browser.screens import CounterWindow, KitchenWindow, OfficeWindow, TabletWindow, opened
from tests.management.running import Serve
from tests.npm import install


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """bin/serve with the demo restaurant."""
    folder = tmp_path_factory.mktemp("served")
    serve = Serve(folder / "home", folder / "log").wait_until_ready()
    try:
        yield serve
    finally:
        assert serve.stop() == 0


@pytest.fixture(scope="session")
def browser() -> Iterator[WebDriver]:
    """Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def console(browser):
    """The browser's complaints since the last look."""
    browser.get_log("browser")

    def look() -> list[str]:
        return [entry["message"] for entry in browser.get_log("browser")]

    return look


@pytest.fixture
def tablet(browser, served) -> Iterator[TabletWindow]:
    """A tablet fresh from its box."""
    with opened(TabletWindow(browser, served.base)) as window:
        try:
            yield window
        finally:
            browser.delete_network_conditions()


@pytest.fixture
def counter(browser, served) -> Iterator[CounterWindow]:
    with opened(CounterWindow(browser, served.base)) as window:
        yield window


@pytest.fixture
def kitchen(browser, served) -> Iterator[KitchenWindow]:
    with opened(KitchenWindow(browser, served.base)) as window:
        yield window


@pytest.fixture
def office(browser, served) -> Iterator[OfficeWindow]:
    with opened(OfficeWindow(browser, served.base)) as window:
        yield window


@pytest.fixture(scope="session")
def admin(served) -> Client:
    login = {"username": "demo", "password": "demo-admin"}
    return Client(served.base, expect(200, Client(served.base).post("/auth/admin/login", login))["access_token"])


@pytest.fixture
def nobody_at_the_tables(admin) -> None:
    for table in expect(200, admin.get("/admin/orders"))["tables"]:
        expect(200, admin.post(f"/admin/tables/{table['table_id']}/end-session"))


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("axe")
    (folder / "package.json").write_text((Path(__file__).parent / "package.json").read_text())
    install(folder)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()
