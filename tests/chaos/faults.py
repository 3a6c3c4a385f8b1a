"""`bin/chaos faults`: tablets that order without pause, and everything around them that breaks.

Twenty tablets place one order after the other, each with an idempotency key, and send it again until it is answered,
as the API guide advises; a counter ends tables' sessions; a reader follows the live feed. Meanwhile one thing after the
other breaks and is mended. After each, every order that was acknowledged must be there exactly once, no other, with its
total, in the live list or in the archive; and the reader must have seen each once.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.api.client import Restaurant, Tablet
from tests.api.server import add_restaurant
from tests.api.streams import Follower
from tests.chaos.model import check_invariants
from tests.chaos.progress import report
from tests.chaos.site import Site, opened_site
from tests.waiting import until

TABLETS = 20
CALM = 1.0  # seconds of work before each fault
RECOVERY = 5.0  # seconds that it may take after what broke is mended
ATTEMPTS = 3
DISK = 400  # MB, for the fault of a full one

ACTIVITY = """
SELECT pid, state, wait_event_type, wait_event, now() - state_change AS since, pg_blocking_pids(pid), left(query, 80)
  FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
PLACED = """
SELECT order_id, total_amount::bigint FROM orders WHERE store_id = %(store_id)s
UNION ALL
SELECT (entry ->> 'order_id')::int, (entry ->> 'total_amount')::bigint
  FROM order_history, jsonb_array_elements(archived_order_data -> 'orders') AS entry
 WHERE store_id = %(store_id)s
"""


class Guest:
    """A tablet on its own table, which does not give up an order before it is answered."""

    def __init__(self, restaurant: Restaurant, number: int, prices: dict[int, int], seed: int) -> None:
        self.table_id = restaurant.add_table(number)
        self.acknowledged: dict[int, int] = {}  # the order's id: its total
        self.refusals: list[str] = []  # what no tablet should see
        self.retries = 0
        self._latest = "none"  # answer, or what came instead
        self._restaurant, self._number, self._prices = restaurant, number, prices
        self._chance = random.Random(seed)
        self._tablet: Tablet = restaurant.seat(number)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Order until stopped."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the order at hand be answered; no other is sent."""
        self._stopped.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), f"a tablet is still waiting for an answer; the latest: {self._latest}"

    def _run(self) -> None:
        while not self._stopped.is_set():
            menu_ids = self._chance.sample(list(self._prices), 2)
            lines = [(menu_id, self._chance.randint(1, 5)) for menu_id in menu_ids]
            answer = self._insist(lambda key, lines=lines: self._tablet.order(*lines, key=key))
            if answer.status_code == 201:
                order = answer.json()
                if order["total_amount"] != sum(self._prices[menu_id] * count for menu_id, count in lines):
                    self.refusals.append(f"a wrong total: {order}")
                self.acknowledged[order["order_id"]] = order["total_amount"]
            elif answer.status_code == 409 and answer.json()["code"] == "session_ended":
                self._log_in()
            else:
                self.refusals.append(f"{answer.status_code} {answer.text[:200]}")

    def _log_in(self) -> None:
        answer = self._insist(lambda _: self._restaurant.log_in(self._number))
        if answer.status_code == 200:
            self._tablet.token = answer.json()["access_token"]
        else:
            self.refusals.append(f"{answer.status_code} {answer.text[:200]}")

    def _insist(self, send: Callable[[str], requests.Response]) -> requests.Response:
        """Send, with one key, until there is an answer other than 503; wait a little longer each time."""
        key, pause = secrets.token_hex(16), 0.05
        while True:
            try:
                answer = send(key)
                self._latest = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code != 503:
                    return answer
                if not answer.headers.get("Retry-After", "").isdigit():
                    self.refusals.append("503 without Retry-After")
            except requests.RequestException as error:
                self._latest = repr(error)
            self.retries += 1
            time.sleep(pause * self._chance.uniform(0.5, 1))
            pause = min(2 * pause, 0.5)


class Lunch:
    """The restaurant at noon: its tablets, the counter that ends sessions, and a reader of its feed."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site = site
        self.restaurant = add_restaurant(site.api)
        category_id = self.restaurant.add_category()
        self.prices = {
            self.restaurant.add_menu(category_id=category_id, price=p): p for p in (1000, 2500, 9000, 31_000)
        }
        self.follower = Follower(site.stream.base, self.restaurant.admin.token)
        until(lambda: self.follower.received)
        self.guests = [Guest(self.restaurant, n + 1, self.prices, seed + n) for n in range(TABLETS)]
        self._chance = random.Random(seed)

    @property
    def acknowledged(self) -> dict[int, int]:
        return {order_id: total for guest in self.guests for order_id, total in dict(guest.acknowledged).items()}

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Everybody orders meanwhile, and now and then a session ends."""
        over = threading.Event()
        counter = threading.Thread(target=self._end_sessions, args=(over,), daemon=True)
        for guest in self.guests:
            guest.start()
        counter.start()
        try:
            yield
        finally:
            over.set()
            counter.join(60)
            with self._telling_what_the_database_does():
                for guest in self.guests:
                    guest.stop()

    @contextmanager
    def _telling_what_the_database_does(self) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            for connection in self.site.query(ACTIVITY):
                error.add_note(" ".join(map(str, connection)))
            raise

    def _end_sessions(self, over: threading.Event) -> None:
        while not over.wait(0.2):
            try:
                self.restaurant.end_session(self._chance.choice(self.guests).table_id)
            except requests.RequestException:
                continue

    def time_recovery(self) -> float:
        """Seconds until every tablet has had an order acknowledged."""
        began = time.monotonic()
        before = [len(guest.acknowledged) for guest in self.guests]
        until(lambda: all(len(g.acknowledged) > n for g, n in zip(self.guests, before, strict=True)), 60)
        return time.monotonic() - began

    def check(self) -> None:
        """Raises AssertionError if an order is lost, doubled, mispriced or not in the feed exactly once."""
        acknowledged = self.acknowledged
        placed = self.site.query(PLACED, {"store_id": self.restaurant.store_id})
        assert len(placed) == len(dict(placed)), "an order is there twice"
        assert dict(placed) == acknowledged, describe_difference(dict(placed), acknowledged)
        assert not (wrong := [refusal for guest in self.guests for refusal in guest.refusals]), wrong[:5]
        check_invariants(self.site)
        until(lambda: len(self._seen()) >= len(acknowledged))
        assert sorted(self._seen()) == sorted(acknowledged), "the feed did not show each order once"
        assert self.follower.ids == sorted(set(self.follower.ids)), "the feed's order is not that of the commits"

    def _seen(self) -> list[int]:
        return [event.data["order_id"] for event in list(self.follower.received) if event.type == "order_created"]


def describe_difference(placed: dict[int, int], acknowledged: dict[int, int]) -> str:
    """What is there and should not be, and the other way round."""
    lost, extra = sorted(acknowledged.keys() - placed.keys()), sorted(placed.keys() - acknowledged.keys())
    return f"lost: {lost[:10]}, never acknowledged: {extra[:10]}, or a total differs"


# The faults. Each returns when what it broke is mended.


def kill_a_worker(site: Site, hold: float) -> None:
    os.kill(random.choice(psutil.Process(site.api.process.pid).children()).pid, signal.SIGKILL)


def kill_the_api(site: Site, hold: float) -> None:
    site.api.kill()
    site.api.start()


def kill_the_feed(site: Site, hold: float) -> None:
    site.stream.kill()
    site.stream.start()


def kill_postgresql(site: Site, hold: float) -> None:
    processes = site.postgres.processes()
    for process in processes:
        process.kill()
    psutil.wait_procs(processes)
    site.postgres.start()


def end_all_connections(site: Site, hold: float) -> None:
    site.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )


def freeze_postgresql(site: Site, hold: float) -> None:
    with site.postgres.frozen():
        time.sleep(hold)


def cut_the_network(site: Site, hold: float) -> None:
    with site.network.cut():
        time.sleep(hold)


def delay_the_network(site: Site, hold: float) -> None:
    with site.network.delayed(0.05):
        time.sleep(hold)


def fill_the_disk(site: Site, hold: float) -> None:
    """Nothing can be written any more, the log of PostgreSQL included, which may stop over it."""
    ballast = site.postgres.embedded.data.parent / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        except OSError:
            pass
    time.sleep(hold)
    ballast.unlink()
    if not site.postgres.embedded.is_running():
        site.postgres.start()


FAULTS = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        kill_a_worker,
        kill_the_api,
        kill_the_feed,
        kill_postgresql,
        end_all_connections,
        freeze_postgresql,
        cut_the_network,
        delay_the_network,
        fill_the_disk,
    )
}


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A file system that can be filled, in memory; None where we may not mount one."""
    with tempfile.TemporaryDirectory(prefix="tableorder-disk-") as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m,mode=0755", "none", name]
        if os.getuid() != 0 or not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


def add_parser(attacks: argparse._SubParsersAction) -> None:
    parser = attacks.add_parser("faults", help="things break while tablets order", description=__doc__)
    parser.add_argument("--rounds", type=int, help="faults in all (default: each once, with --long 50)")
    parser.add_argument("--only", choices=FAULTS, metavar="FAULT", help=f"one of: {', '.join(FAULTS)}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Break one thing after the other. Raises AssertionError if the service did not withstand."""
    chance = random.Random(options.seed)
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk())
        names = [options.only] if options.only else [name for name in FAULTS if disk or name != "fill the disk"]
        rounds = options.rounds or (50 if options.long else len(names))
        order = [names[n % len(names)] for n in range(rounds)]
        chance.shuffle(order)
        # A connection that is cut is noticed by its statement's time, so that is short here.
        settings = {"DATABASE_STATEMENT_TIMEOUT": "2", "DATABASE_POOL_TIMEOUT": "3", "DATABASE_CONNECT_TIMEOUT": "1"}
        site = stack.enter_context(opened_site(workers=2, folder=disk, **settings))
        lunch = Lunch(site, options.seed)
        slowest: dict[str, float] = {}
        for name in order:
            slowest[name] = max(slowest.get(name, 0), break_and_check(lunch, name, options))
    figures: dict[str, Any] = {f"back after: {name}": f"{seconds:.1f} s" for name, seconds in slowest.items()}
    retries = sum(guest.retries for guest in lunch.guests)
    return figures | {
        "rounds": rounds,
        "orders acknowledged": len(lunch.acknowledged),
        "sent again": retries,
        "lost, doubled or mispriced": 0,
        "feed: connects": lunch.follower.connects,
    }


def break_and_check(lunch: Lunch, name: str, options: argparse.Namespace) -> float:
    """One round; the seconds until all tablets were served again.

    If that was late, something else may have had the processor: what is late by itself is late each time.
    """
    for _ in range(ATTEMPTS):
        with lunch.busy():
            time.sleep(CALM)
            FAULTS[name](lunch.site, 10 if options.long else 3)
            seconds = lunch.time_recovery()
        lunch.check()
        report(f"{name}: back after {seconds:.1f} s, {len(lunch.acknowledged):,} orders so far")
        if seconds <= RECOVERY:
            return seconds
    raise AssertionError(f"after '{name}' it took {seconds:.1f} s, and no less than {RECOVERY} s before")
