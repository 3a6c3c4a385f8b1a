"""A person at /docs: reads, logs in on the page, orders through it."""

from __future__ import annotations

import json
import os

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from tests.waiting import until

pytestmark = pytest.mark.long


class Page:
    """The page, with one operation opened at a time."""

    def __init__(self, browser: WebDriver, base: str) -> None:
        self.browser = browser
        browser.get(f"{base}/docs")
        until(lambda: browser.find_elements(By.CSS_SELECTOR, ".opblock"))

    def send(self, name: str, body: object = None) -> tuple[str, dict]:
        """Call the operation; the status and the JSON that the page shows as the answer."""
        block = self.browser.find_element(By.CSS_SELECTOR, f"[id$='-{name}']")
        if "is-open" not in str(block.get_attribute("class")):
            self.click(block, ".opblock-summary-control")
        if body is not None:
            until(lambda: block.find_elements(By.CSS_SELECTOR, "textarea.body-param__text"))
            self.paste(block.find_element(By.CSS_SELECTOR, "textarea.body-param__text"), json.dumps(body))
        until(lambda: block.find_elements(By.CSS_SELECTOR, ".execute"))
        if block.find_elements(By.CSS_SELECTOR, ".btn-clear"):  # the answer to an earlier call
            self.click(block, ".btn-clear")
        self.click(block, ".execute")
        answer = ".live-responses-table tbody"
        until(lambda: block.find_elements(By.CSS_SELECTOR, f"{answer} .highlight-code"))
        status = block.find_element(By.CSS_SELECTOR, f"{answer} .response-col_status").text
        shown = block.find_element(By.CSS_SELECTOR, f"{answer} .highlight-code pre").text
        return status.split()[0], json.loads(shown)

    def take_picture(self, name: str) -> None:
        """Into docs.png of the folder SCREENSHOTS, if there is one: the operation with its answer."""
        if folder := os.environ.get("SCREENSHOTS"):
            block = self.browser.find_element(By.CSS_SELECTOR, f"[id$='-{name}']")
            self.browser.set_window_size(1280, 2000)
            self.browser.execute_script("arguments[0].scrollIntoView()", block)
            assert self.browser.save_screenshot(f"{folder}/docs.png")

    def click(self, block, selector: str) -> None:
        element = block.find_element(By.CSS_SELECTOR, selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def paste(self, area, text: str) -> None:
        """At once: for each key that is pressed, the page draws itself anew."""
        paste = "arguments[0].select(); document.execCommand('insertText', false, arguments[1])"
        self.browser.execute_script(paste, area, text)
        until(lambda: area.get_attribute("value") == text)


@pytest.fixture(scope="module")
def page(browser, served) -> Page:
    """Loaded once, for it takes the browser some seconds to draw."""
    browser.get_log("browser")  # what other pages said
    return Page(browser, served.base)


def test_all_that_the_page_loads_is_ours_and_nothing_is_refused(page, browser, served):
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert {f"{served.base}/docs/swagger-ui/swagger-ui-bundle.js", f"{served.base}/openapi.json"} <= {*loaded}
    assert [name for name in loaded if not name.startswith((served.base, "data:"))] == []
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_person_logs_in_and_orders_through_the_page(page, browser, served):
    status, refusal = page.send("place_order", {"items": [{"menu_id": 1, "quantity": 2}]})
    assert (status, refusal["code"]) == ("401", "token_missing")
    login = {"store_id": 1, "table_number": 7, "table_password": "demo-table"}
    status, token = page.send("log_in_table", login)
    assert (status, token["table_number"]) == ("200", 7)
    status, order = page.send("place_order", {"items": [{"menu_id": 1, "quantity": 2}]})
    assert (status, order["table_number"], order["total_amount"]) == ("201", 7, 18000)
    page.take_picture("place_order")
    status, tables = page.send("list_orders")
    assert (status, tables["code"]) == ("401", "token_missing")
    page.send("log_in_admin", {"username": "demo", "password": "demo-admin"})
    status, tables = page.send("list_orders")
    assert status == "200"
    assert order in [listed for table in tables["tables"] for listed in table["orders"]]
