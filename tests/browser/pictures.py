"""Takes the pictures of the screens that the README shows: python -m tests.browser.pictures docs/images

It needs a Korean font (Debian: fonts-noto-cjk).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import chromium
from tests.browser.screens import CounterWindow, TabletWindow
from tests.management.running import Serve
from tests.waiting import until

ORDERS = {1: {"김치찌개": 2, "공기밥": 1}, 5: {"삼겹살 200g": 3, "소주": 2}, 7: {"두부김치": 1, "맥주 500ml": 2}}


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        serve = Serve(Path(place) / "home", Path(place) / "log").wait_until_ready()
        try:
            counter = CounterWindow(browser, serve.base)
            counter.resize(1280, 800)
            counter.log_in()
            for table_number, dishes in ORDERS.items():
                tablet = TabletWindow(browser, serve.base)
                tablet.run(
                    "for (const name in localStorage) if (name.includes('tablet')) localStorage.removeItem(name)"
                )
                tablet.run("location.reload()")
                tablet.resize(1280, 800)
                tablet.set_up(table_number)
                for dish, quantity in dishes.items():
                    tablet.choose(dish, quantity)
                if table_number != 7:
                    tablet.order()
                    tablet.reads("주문이 들어갔습니다.", "#told")
            browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            browser.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 1, "y": 1})
            tablet.run("document.activeElement.blur(); scrollTo({top: 0, behavior: 'instant'})")
            assert browser.save_screenshot(str(folder / "tablet.png"))
            tablet.order()
            tablet.reads("주문이 들어갔습니다.", "#told")
            counter.tap(counter.at(1, ".order button"), "준비 시작")
            until(lambda: counter.texts(counter.at(7, ".fresh")))
            browser.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 1, "y": 1})
            counter.run("document.activeElement.blur()")
            assert browser.save_screenshot(str(folder / "counter.png"))
        finally:
            serve.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
