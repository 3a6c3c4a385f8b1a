"""The screens as hands and eyes find them: a tablet and a counter, each in a window of one browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from tests.waiting import until

PASSWORD = "demo-table"


W = TypeVar("W", bound="Window")


class Window:
    """One window, which is looked at whenever something is done in it."""

    def __init__(self, browser: WebDriver, base: str, path: str) -> None:
        self.browser, self.base = browser, base
        browser.switch_to.new_window("tab")
        self.handle = browser.current_window_handle
        still = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", still)
        browser.get(base + path)

    def close(self) -> None:
        self.look()
        self.browser.close()
        self.browser.switch_to.window(self.browser.window_handles[0])

    def forget(self) -> None:
        """Forget what the page has kept, once it is closed and keeps no more."""
        origin = {"origin": self.base, "storageTypes": "local_storage"}
        self.browser.execute_cdp_cmd("Storage.clearDataForOrigin", origin)

    def look(self) -> None:
        if self.browser.current_window_handle != self.handle:
            self.browser.switch_to.window(self.handle)

    def find(self, selector: str) -> list[WebElement]:
        self.look()
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """The visible text of each, with one space for spaces and line breaks."""
        self.look()
        script = """
            return [...document.querySelectorAll(arguments[0])]
                .filter((element) => element.checkVisibility())
                .map((element) => element.innerText.replace(/\\s+/g, ' ').trim())
        """
        return self.browser.execute_script(script, selector)

    def text(self) -> str:
        return self.texts("body")[0]

    def reads(self, text: str, selector: str = "body") -> None:
        """Return once the text is visible."""
        until(lambda: any(text in shown for shown in self.texts(selector)))

    def tap(self, selector: str, text: str = "") -> None:
        """Tap the first that has the text, once there is one that can be tapped."""
        until(lambda: self._try_to_tap(selector, text))

    def _try_to_tap(self, selector: str, text: str) -> bool:
        try:
            for element in self.find(selector):
                if text in element.text and element.is_enabled() and element.is_displayed():
                    self.browser.execute_script(
                        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element
                    )
                    element.click()
                    return True
        except StaleElementReferenceException:  # the screen has replaced it
            pass
        return False

    def cut_network(self) -> None:
        self.look()
        self.browser.set_network_conditions(offline=True, latency=0, throughput=0)

    def type(self, name: str, text: str) -> None:
        until(lambda: self.find(f"[name={name}]"))
        field = self.find(f"[name={name}]")[0]
        field.clear()
        field.send_keys(text)

    def press(self, selector: str, key: str) -> None:
        """Press a key on the first, once there is one."""
        until(lambda: self.find(selector))
        self.browser.execute_script("document.querySelector(arguments[0]).focus()", selector)
        ActionChains(self.browser).send_keys(key).perform()

    def run(self, script: str) -> object:
        self.look()
        return self.browser.execute_script(script)

    def resize(self, width: int, height: int) -> None:
        self.look()
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@contextmanager
def opened(window: W) -> Iterator[W]:
    """The window, until the end of the block; the next one of its kind begins with nothing."""
    try:
        yield window
    finally:
        window.close()
        window.forget()


class TabletWindow(Window):
    """A table's tablet."""

    def __init__(self, browser: WebDriver, base: str) -> None:
        super().__init__(browser, base, "/tablet")

    def set_up(self, table_number: int, store_id: int = 1, password: str = PASSWORD) -> None:
        for name, value in (("store", store_id), ("table", table_number), ("password", password)):
            self.type(name, str(value))
        self.tap("form button.main")

    def choose(self, dish: str, quantity: int = 1, *, option: str = "", topping: str = "", note: str = "") -> None:
        """Put a dish into the cart."""
        self.tap(".dish", dish)
        if option:
            self.tap("#dish label.option", option)
        if topping:
            self.tap(f"#dish [aria-label^='{topping}'][data-role=more]")
        if note:
            self.type("note", note)
        for _ in range(quantity - 1):
            self.tap("#dish .dish-quantity [data-role=more]")
        self.tap("#dish button.main")

    def order(self) -> None:
        self.tap("#order")


class StaffWindow(Window):
    """A screen that begins with a login."""

    path = ""
    begun = "header.top"

    def __init__(self, browser: WebDriver, base: str) -> None:
        super().__init__(browser, base, self.path)

    def log_in(self, username: str = "demo", password: str = "demo-admin", store: str = "") -> None:
        self.try_to_log_in(username, password, store)
        until(lambda: self.find(self.begun))

    def try_to_log_in(self, username: str, password: str, store: str) -> None:
        for name, value in (("store", store), ("username", username), ("password", password)):
            self.type(name, value)
        self.tap("form button.main")


class CounterWindow(StaffWindow):
    """The counter."""

    path = "/counter"
    begun = "#board .tables"

    def at(self, table_number: int, selector: str = "") -> str:
        """A selector of something at a table."""
        return f"[data-table='{table_number}'] {selector}".strip()


class KitchenWindow(StaffWindow):
    """The kitchen."""

    path = "/kitchen"
    begun = "#tickets"

    def ticket(self, order_id: int, selector: str = "") -> str:
        """A selector of something on an order's ticket."""
        return f"[data-order='{order_id}'] {selector}".strip()


class OfficeWindow(StaffWindow):
    """The office."""

    path = "/office"

    def fill(self, **values: str | int) -> None:
        """Fill the fields of the dialog in and save."""
        until(lambda: self.find("#dialog[open]"))
        for name, value in values.items():
            self.type(name, str(value))
        self.tap("#dialog button[type=submit]")
        until(lambda: not self.find("#dialog[open]"))
