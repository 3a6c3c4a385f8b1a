"""An evening: three tablets, a counter, a kitchen and an office at once, and what may break does."""

from __future__ import annotations

import json
import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest

from tests.api.client import expect
from tests.browser.restaurant import menu_id, orders_at
from tests.browser.screens import TabletWindow, opened
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("nobody_at_the_tables")]


def tablet_named(name: str, browser, served) -> AbstractContextManager[TabletWindow]:
    """A tablet with a storage of its own: a browser keeps one for each name of a host."""
    return opened(TabletWindow(browser, f"http://{name}.localhost:{served.port}"))


def processes_of(served, word: str) -> list[psutil.Process]:
    """The processes of bin/serve whose command line has the word."""
    found = []
    for process in psutil.Process(served.process.pid).children(recursive=True):
        try:
            if word in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


def backends_of(served) -> list[psutil.Process]:
    """The processes of its PostgreSQL but the first."""
    home = psutil.Process(served.process.pid).environ()["TABLEORDER_HOME"]
    [file] = Path(home).rglob("postmaster.pid")
    return psutil.Process(int(file.read_text().split()[0])).children()


def kill(process: psutil.Process) -> None:
    os.kill(process.pid, signal.SIGKILL)


def is_answered(tablet: TabletWindow) -> bool:
    """Whether nothing is on its way that was ordered."""
    return not tablet.run("return localStorage['tableorder.tablet.order']")


def test_an_evening(browser, served, counter, kitchen, office, admin):
    for window in (counter, kitchen, office):
        window.log_in()
    with (
        tablet_named("one", browser, served) as first,
        tablet_named("two", browser, served) as second,
        tablet_named("three", browser, served) as other,
    ):
        first.set_up(1)
        second.set_up(1)
        other.set_up(2)

        # Two tablets of one table, with an option and a note.
        first.choose("김치찌개", 2, option="아주 매운맛", note="덜 짜게")
        second.choose("콜라")
        first.order()
        second.order()
        for tablet in (first, second):
            tablet.reads("주문이 들어갔습니다.", "#told")
        until(lambda: len(orders_at(admin, 1)) == 2)
        for tablet in (first, second):
            tablet.tap("#tab-orders")
            tablet.reads("아주 매운맛", "#ordered .line")
            tablet.reads("콜라", "#ordered .line")
            tablet.tap("#tab-menu")
        kitchen.reads("김치찌개 × 2 아주 매운맛 “덜 짜게”", ".ticket .line")
        counter.reads("김치찌개 × 2", counter.at(1, ".line"))

        # In the cart a price rises and a dish sells out.
        other.choose("된장찌개")
        other.choose("소주")
        try:
            office.tap("[data-menu] .row", "된장찌개")
            office.fill(price=8600)
            counter.tap("#go-menus")
            counter.tap("[role=switch][aria-label='소주']")
            other.reads("8,600원", ".cart-line .money")
            other.tap(".cart-line button", "빼기")
            other.order()
            other.reads("주문이 들어갔습니다.", "#told")
            assert [order["total_amount"] for order in orders_at(admin, 2)] == [8600]
        finally:
            expect(200, admin.patch(f"/admin/menus/{menu_id(admin, '된장찌개')}", {"price": 8500}))
            expect(200, admin.patch(f"/admin/menus/{menu_id(admin, '소주')}", {"is_available": True}))

        # What may break does as "order" is tapped: the workers, PostgreSQL, the tablet.
        first.choose("공기밥")
        workers = processes_of(served, "gunicorn")
        first.run("document.querySelector('#order').click()")
        for worker in workers:
            if worker.ppid() != served.process.pid:
                kill(worker)
        until(lambda: is_answered(first) and admin.get("/admin/orders").status_code == 200)
        assert len(orders_at(admin, 1)) == 3

        other.tap("#tab-menu")
        other.choose("공기밥")
        backends = backends_of(served)
        other.run("document.querySelector('#order').click()")
        kill(backends[-1])  # PostgreSQL restarts all of its processes, and recovers
        until(lambda: is_answered(other) and admin.get("/admin/orders").status_code == 200)
        assert [order["total_amount"] for order in orders_at(admin, 2)] == [1000, 8600]

        second.choose("콜라")
        second.run("document.querySelector('#order').click(); location.reload()")
        until(lambda: len(orders_at(admin, 1)) == 4)
        until(lambda: is_answered(second))
        second.reads("담은 메뉴가 없습니다.", "#cart-empty")

        # The guests leave; the next ones see nothing of them.
        until(lambda: len(kitchen.find(".ticket")) == 6)
        counter.tap("#go-board")
        counter.tap(counter.at(1, ".end"))
        counter.tap("#dialog button.main")
        for tablet in (first, second):
            tablet.reads("이용해 주셔서 고맙습니다.")
        kitchen.reads("손님 나감", ".ticket .label")
        first.tap("button.begin")
        first.reads("담은 메뉴가 없습니다.", "#cart-empty")
        first.tap("#tab-orders")
        first.reads("아직 주문하신 메뉴가 없습니다.", "#ordered")
        kept = json.dumps(first.run("return {...localStorage}"), ensure_ascii=False)
        assert "덜 짜게" not in kept
        office.tap("#go-history")
        office.reads("1번", "tbody tr:first-child th")
        assert "4" in office.texts("tbody tr:first-child td.number")
