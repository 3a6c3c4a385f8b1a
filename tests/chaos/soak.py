"""`bin/chaos soak`: a month in the life of some restaurants, a day in seconds, and what each day leaves behind.

By day tablets log in and order, the counter moves orders along, voids some and ends sessions, menus change, strangers
try passwords, a reader follows the live feed. At night old events are forgotten as the feed does it, a backup is taken
and verified, and the clock moves: whatever is looked at for its age gets a day older, by an UPDATE as superuser, which
leaves autovacuum a dead row more than life would. After each day memory, response times, and the rows, the dead rows
and the size of every table are noted; in a month all but the books must stay as they were after the first days.
"""

from __future__ import annotations

import argparse
import base64
import io
import random
import secrets
import statistics
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from PIL import Image

from tableorder.backups.files import Backup
from tableorder.backups.policy import name_at, taken_at
from tableorder.domain.identities import TableIdentity
from tableorder.domain.orders import STATUSES
from tableorder.http.tokens import issue_token
from tests.api.client import TABLE_PASSWORD
from tests.api.server import JWT_SECRET_KEY, add_restaurant
from tests.api.streams import Follower
from tests.backups.commands import Commands
from tests.chaos.faults import PLACED, describe_difference
from tests.chaos.model import Api, check_invariants
from tests.chaos.progress import report
from tests.chaos.site import Site, opened_site
from tests.waiting import until

TABLES, MENUS = 20, 12  # of a restaurant
LOGINS, ORDERS = 3, 4  # of a sitting
TABLETS = 4  # that are at work at the same moment
STRANGERS = 20  # wrong passwords a day
BOOKS = ("order_history", "order_voids")  # which grow, as they should
KEPT_BACKUPS = 7 + 5 + 12  # at most: days, weeks, months; see docs/backups.md
VACUUMED = 120.0  # seconds within which autovacuum must come for a table that it is due at

Timings = dict[str, list[float]]  # what was asked: milliseconds of each answer


@dataclass(frozen=True)
class Form:
    """How long and how busy the month is."""

    days: int
    restaurants: int
    sittings: int  # a day, of each table
    probes: int  # sittings of ten orders that are timed
    tokens: int  # of earlier days: a worker keeps the last few thousand that it has seen


SHORT, LONG = Form(3, 1, 2, 5, 0), Form(30, 3, 3, 20, 12_000)
# In a month, the days that are compared: after the first ones, and the last ones.
EARLY, LATE = slice(4, 10), slice(19, None)
MONTH = 20  # days from which on there is something to compare

AGE = """
SET LOCAL session_replication_role = replica;
UPDATE events SET created_at = created_at - interval '1 day';
UPDATE idempotency_keys SET created_at = created_at - interval '1 day';
UPDATE admin_keys SET created_at = created_at - interval '1 day';
UPDATE stream_tickets SET expires_at = expires_at - interval '1 day';
UPDATE familiar_addresses SET last_login_at = last_login_at - interval '1 day';
UPDATE failed_logins
   SET last_failed_at = last_failed_at - interval '1 day',
       failed_at = ARRAY(SELECT at - interval '1 day' FROM unnest(failed_at) AS at ORDER BY at);
UPDATE table_sessions SET start_time = start_time - interval '1 day', end_time = end_time - interval '1 day';
UPDATE menus SET deleted_at = deleted_at - interval '1 day' WHERE deleted_at IS NOT NULL;
"""

PRUNE = """
SELECT prune_events('1 day', 5000), prune_idempotency_keys(5000), prune_admin_keys(5000), prune_table_sessions(5000),
       prune_menus(5000), prune_options(5000), prune_option_groups(5000),
       prune_stream_tickets(5000), prune_failed_logins(300, 5000), prune_familiar_addresses(5000)
"""

# Past this number of dead rows autovacuum is due. https://www.postgresql.org/docs/current/routine-vacuuming.html
DUE = """
SELECT pg_class.relname, n_dead_tup
  FROM pg_stat_user_tables
  JOIN pg_class ON pg_class.oid = relid
 WHERE n_dead_tup > current_setting('autovacuum_vacuum_threshold')::int
                    + current_setting('autovacuum_vacuum_scale_factor')::float8 * greatest(reltuples, 0)
"""

SIZES = """
SELECT relname, n_dead_tup, pg_table_size(relid), pg_indexes_size(relid)
  FROM pg_stat_user_tables
 WHERE relname !~ 'yoyo'
 ORDER BY relname
"""


@dataclass(frozen=True)
class Table:
    """What there is of a table; sizes in bytes."""

    rows: int
    dead: int
    heap: int
    indexes: int


@dataclass(frozen=True)
class Day:
    """What a day has left behind: MB of each process, milliseconds of each request, tables, backups."""

    memory: dict[str, float]
    timings: Timings
    tables: dict[str, Table]
    backups: int


class House:
    """A restaurant, what it sells, and what its tablets were told."""

    def __init__(self, site: Site, seed: int) -> None:
        self.acknowledged: dict[int, int] = {}  # the order's id: its total
        self.voided: set[int] = set()
        self.logins = 0
        self._site = site
        self._chance = random.Random(seed)
        self._restaurant = add_restaurant(site.api)
        self._store_id, self._counter = self._restaurant.store_id, self._restaurant.admin.token or ""
        self._table_ids = {number: self._restaurant.add_table(number) for number in range(1, TABLES + 1)}
        self._category_id = self._restaurant.add_category()
        self._prices = {self._add_menu(1000 * n): 1000 * n for n in range(1, MENUS + 1)}
        self._special = self._add_special()
        self._sold_out: int | None = None
        self._address = ""

    def show_old_tokens(self, count: int) -> None:
        """Come with so many tokens of sessions that are long over."""
        with closing(Api(self._site.api.base)) as api:
            for _ in range(count):
                past = TableIdentity(self._store_id, self._table_ids[1], 1, str(uuid.uuid4()))
                _expect(200, api.call(issue_token(past, JWT_SECRET_KEY), "GET", "/customer/orders"))

    def open(self, day: int) -> None:
        """The morning: prices, what is sold out and the special of the day change; the counter turns its screen on."""
        self._address = f"198.51.100.{1 + day // 7}"  # the provider gives another one each week
        with closing(Api(self._site.api.base)) as api:
            self._change_menus(api)
            for _ in range(2):
                _expect(201, api.call(self._counter, "POST", "/admin/orders/sse/ticket"))
            for _ in range(STRANGERS):
                body = {"username": secrets.token_hex(8), "password": "a guess"}
                headers = {"X-Forwarded-For": f"203.0.113.{self._chance.randrange(256)}"}
                _expect(401, api.call(None, "POST", "/auth/admin/login", body, **headers))
        self._known = set(self.acknowledged)
        self._follower = Follower(self._site.stream.base, self._counter)
        until(lambda: self._follower.received)

    def sit_down(self, number: int) -> None:
        """One table's meal, from the first login to the end of the session."""
        with closing(Api(self._site.api.base)) as api:
            tablet = [self.log_in(api, number) for _ in range(LOGINS)][-1]
            orders = []
            for _ in range(ORDERS):
                _expect(200, api.call(tablet, "GET", "/customer/menus"))
                orders.append(self.order(api, tablet, twice=self._chance.random() < 0.2))
            shown = _expect(200, api.call(tablet, "GET", "/customer/orders"))
            assert [order["order_id"] for order in shown["orders"]] == orders[::-1]
            for order_id in orders:
                for status in STATUSES[1:]:
                    path = f"/admin/orders/{order_id}/status"
                    _expect(200, api.call(self._counter, "PATCH", path, {"status": status}))
            if self._chance.random() < 0.1:
                _expect(200, api.call(self._counter, "DELETE", f"/admin/orders/{orders[0]}"))
                self.voided.add(orders[0])
            self.end_session(api, number)

    def close(self) -> None:
        """The evening. Raises AssertionError if the screen did not show each order of the day once."""
        placed = self.acknowledged.keys() - self._known
        until(lambda: len(self._shown()) >= len(placed), 60)
        assert sorted(self._shown()) == sorted(placed), "the feed did not show each order once"
        self._follower.stop_after(0)

    def log_in(self, api: Api, number: int) -> str:
        """The token of a tablet at this table."""
        body = {"store_id": self._store_id, "table_number": number, "table_password": TABLE_PASSWORD}
        answer = api.call(None, "POST", "/auth/table/login", body, **{"X-Forwarded-For": self._address})
        self.logins += 1
        return _expect(200, answer)["access_token"]

    def order(self, api: Api, tablet: str, *, twice: bool = False) -> int:
        """Order three menus, maybe twice with the same key; the order's id."""
        offered = [menu_id for menu_id in self._prices if menu_id != self._sold_out]
        lines = {menu_id: self._chance.randint(1, 5) for menu_id in self._chance.sample(offered, 3)}
        body = {"items": [{"menu_id": menu_id, "quantity": count} for menu_id, count in lines.items()]}
        key = {"Idempotency-Key": secrets.token_hex(16)}
        order = _expect(201, api.call(tablet, "POST", "/customer/orders", body, **key))
        if twice:
            assert _expect(201, api.call(tablet, "POST", "/customer/orders", body, **key)) == order
        assert order["total_amount"] == sum(self._prices[menu_id] * count for menu_id, count in lines.items())
        self.acknowledged[order["order_id"]] = order["total_amount"]
        return order["order_id"]

    def end_session(self, api: Api, number: int) -> None:
        """The guests have paid."""
        _expect(200, api.call(self._counter, "POST", f"/admin/tables/{self._table_ids[number]}/end-session"))

    def time_answers(self, sittings: int) -> Timings:
        """So many sittings of ten orders, one request after the other."""
        timings: Timings = defaultdict(list)
        for _ in range(sittings):
            with closing(Api(self._site.api.base)) as api:
                tablet = self.log_in(api, 1)
                asked: dict[str, Callable[[], object]] = {
                    "order": partial(self.order, api, tablet),
                    "menu": partial(api.call, tablet, "GET", "/customer/menus"),
                    "the session's orders": partial(api.call, tablet, "GET", "/customer/orders"),
                    "the counter's view": partial(api.call, self._counter, "GET", "/admin/orders"),
                }
                for name in [*asked] * 10:
                    began = time.perf_counter()
                    asked[name]()
                    timings[name].append(1000 * (time.perf_counter() - began))
                self.end_session(api, 1)
        return timings

    def check(self) -> None:
        """Raises AssertionError if an order is lost, doubled or mispriced."""
        store = {"store_id": self._store_id}
        placed = self._site.query(PLACED, store)
        expected = {order_id: total for order_id, total in self.acknowledged.items() if order_id not in self.voided}
        assert len(placed) == len(dict(placed)), "an order is there twice"
        assert dict(placed) == expected, describe_difference(dict(placed), expected)
        voided = self._site.query("SELECT order_id FROM order_voids WHERE store_id = %(store_id)s", store)
        assert sorted(order_id for (order_id,) in voided) == sorted(self.voided)

    def _change_menus(self, api: Api) -> None:
        _expect(200, api.call(self._counter, "DELETE", f"/admin/menus/{self._special}"))
        del self._prices[self._special]
        if self._sold_out:
            self._change_menu(api, self._sold_out, is_available=True)
        self._sold_out = self._chance.choice([*self._prices])
        self._change_menu(api, self._sold_out, is_available=False)
        for menu_id in self._chance.sample([*self._prices], 3):
            self._prices[menu_id] = 100 * self._chance.randint(10, 300)
            self._change_menu(api, menu_id, price=self._prices[menu_id])
        self._special = self._add_special()

    def _change_menu(self, api: Api, menu_id: int, **changes: object) -> None:
        _expect(200, api.call(self._counter, "PATCH", f"/admin/menus/{menu_id}", changes))

    def _add_special(self) -> int:
        menu_id = self._add_menu(9000, image_base64=_picture())
        self._prices[menu_id] = 9000
        return menu_id

    def _add_menu(self, price: int, **values: Any) -> int:
        return self._restaurant.add_menu(category_id=self._category_id, price=price, **values)

    def _shown(self) -> list[int]:
        events = list(self._follower.received)
        return [event.data["order_id"] for event in events if event.type == "order_created"]


class Month:
    """The restaurants, day after day."""

    def __init__(self, site: Site, commands: Commands, form: Form, seed: int) -> None:
        self.days: list[Day] = []
        self._site, self._commands, self._form = site, commands, form
        self._busy = [House(site, seed + n) for n in range(form.restaurants)]
        self._quiet = House(site, seed - 1)  # where nothing happens but what is timed
        _hurry_autovacuum(site)
        with ThreadPoolExecutor(TABLETS) as tablets:
            list(tablets.map(self._quiet.show_old_tokens, [50] * (form.tokens // 50)))

    @property
    def houses(self) -> list[House]:
        return [*self._busy, self._quiet]

    def live(self) -> None:
        """One day and its night."""
        for house in self._busy:
            house.open(len(self.days) + 1)
        meals = [
            (house, number)
            for _ in range(self._form.sittings)
            for number in range(1, TABLES + 1)
            for house in self._busy
        ]
        with ThreadPoolExecutor(TABLETS) as tablets:
            list(tablets.map(lambda meal: meal[0].sit_down(meal[1]), meals))
        for house in self._busy:
            house.close()
        self._keep_house()
        for house in self.houses:
            house.check()
        check_invariants(self._site)
        timings = self._quiet.time_answers(self._form.probes)
        backups = len(self._commands.folder.good())
        self.days.append(Day(self._measure_memory(), timings, self._measure_tables(), backups))
        self._report()

    def _keep_house(self) -> None:
        """What is done at night, and the clock moves by a day. Raises AssertionError if autovacuum does not come."""
        while any(self._site.query(PRUNE)[0]):
            pass
        self._commands.back_up()
        verified = self._commands.run("verify-backup")
        assert verified.returncode == 0, verified.stderr
        for backup in self._commands.folder.good():
            _age(backup)
        self._site.query(AGE)
        due: list[tuple[Any, ...]] = []

        def has_come() -> bool:  # once is enough: processes report their dead rows with a delay
            due[:] = self._site.query(DUE)
            return not due

        with suppress(AssertionError):
            until(has_come, VACUUMED)
        assert not due, f"autovacuum does not come for {due}"

    def _measure_memory(self) -> dict[str, float]:
        """Resident MB of each process that answers; the name has its number, so that a new one would show."""
        masters = {"worker": self._site.api.process.pid, "feed": self._site.stream.process.pid}
        return {
            f"{kind} {process.pid}": process.memory_info().rss / 1e6
            for kind, master in masters.items()
            for process in psutil.Process(master).children()
        }

    def _measure_tables(self) -> dict[str, Table]:
        found = self._site.query(SIZES)
        counts = ", ".join(f"(SELECT count(*) FROM {name})" for name, *_ in found)
        [rows] = self._site.query(f"SELECT {counts}")
        return {name: Table(count, *sizes) for (name, *sizes), count in zip(found, rows, strict=True)}

    def _report(self) -> None:
        day = self.days[-1]
        live = [table for name, table in day.tables.items() if name not in BOOKS]
        report(
            f"day {len(self.days)}: {sum(house.logins for house in self.houses):,} logins and"
            f" {sum(len(house.acknowledged) for house in self.houses):,} orders so far;"
            f" {', '.join(f'{megabytes:.0f}' for megabytes in day.memory.values())} MB;"
            f" order {_p50(day.timings['order']):.1f} ms;"
            f" live {sum(table.rows for table in live):,} rows, {sum(table.dead for table in live):,} dead,"
            f" {sum(table.heap + table.indexes for table in live) / 1e6:.1f} MB"
        )


def judge(days: list[Day]) -> None:
    """Compare the last days of a month with early ones. Raises AssertionError if something has grown."""
    early, late = days[EARLY], days[LATE]
    for process in days[0].memory:
        before, after = (max(day.memory[process] for day in some) for some in (early, late))
        assert after <= 1.2 * before + 5, f"{process} has grown from {before:.0f} to {after:.0f} MB"
    for name in days[0].timings:
        for percentile, slack in ((_p50, 5), (_p99, 50)):
            before, after = (_typical(some, name, percentile) for some in (early, late))
            assert after <= 2 * before + slack, f"{name}: from {before:.1f} to {after:.1f} ms"
    for name in days[0].tables.keys() - set(BOOKS):
        before, after = (max(day.tables[name].rows for day in some) for some in (early, late))
        assert after <= 1.2 * before + 20, f"{name} has grown from {before:,} to {after:,} rows"
        before, after = (max(_size(day, name) for day in some) for some in (early, late))
        assert after <= 1.5 * before + 256 * 1024, f"{name} has grown from {before:,} to {after:,} bytes"


def summarize(month: Month) -> dict[str, object]:
    """The figures, of early days and of the last ones, or of the first and the last where the run is short."""
    days = month.days
    early, late = (days[EARLY], days[LATE]) if len(days) >= MONTH else (days[:1], days[-1:])
    figures: dict[str, object] = {
        "days": len(days),
        "logins": sum(house.logins for house in month.houses),
        "orders acknowledged": sum(len(house.acknowledged) for house in month.houses),
        "voided": sum(len(house.voided) for house in month.houses),
        "lost, doubled or mispriced": 0,
        "backups kept": f"{days[-1].backups} of {len(days)}",
    }
    for process in days[0].memory:
        figures[f"memory of {process}"] = _change(early, late, lambda day, p=process: day.memory[p], "{:.0f} MB")
    for name in days[0].timings:
        p50s = [_typical(some, name, _p50) for some in (early, late)]
        p99s = [_typical(some, name, _p99) for some in (early, late)]
        figures[name] = f"p50 {p50s[0]:.1f} → {p50s[1]:.1f} ms, p99 {p99s[0]:.1f} → {p99s[1]:.1f} ms"
    for name in days[0].tables:
        rows = _change(early, late, lambda day, n=name: day.tables[n].rows, "{:,}")
        dead = max(day.tables[name].dead for day in days)
        size = _change(early, late, lambda day, n=name: _size(day, n) / 1000, "{:,.0f} kB")
        figures[name] = f"{rows} rows, at most {dead:,} dead, {size}"
    return figures


def _change(early: list[Day], late: list[Day], value: Callable[[Day], float], form: str) -> str:
    """The greatest value of some days and of later ones."""
    return " → ".join(form.format(max(value(day) for day in some)) for some in (early, late))


def _typical(days: list[Day], name: str, percentile: Callable[[list[float]], float]) -> float:
    return statistics.median(percentile(day.timings[name]) for day in days)


def _p50(values: list[float]) -> float:
    return statistics.median(values)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def _size(day: Day, name: str) -> int:
    table = day.tables[name]
    return table.heap + table.indexes


def _expect(status: int, answer: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    assert answer[0] == status, answer
    return answer[1]


def _picture() -> str:
    """A picture of some 15 kB that nothing makes smaller."""
    file = io.BytesIO()
    Image.effect_noise((128, 128), 64).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _age(backup: Backup) -> None:
    """Make it a day older, which is a matter of its name."""
    taken = taken_at(backup.name)
    assert taken
    older = Backup(backup.dump.with_name(name_at(taken - timedelta(days=1))))
    older.sums.write_text(backup.sums.read_text().replace(backup.name, older.name))
    for old, new in zip(backup.files(), older.files(), strict=True):
        old.unlink() if old == backup.sums else old.rename(new)
    backup.verification.rename(older.verification)


def _hurry_autovacuum(site: Site) -> None:
    """Let it look around each second: it does so each minute, 1,440 times a day, and our days are of seconds."""
    with closing(psycopg2.connect(site.url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        cursor.execute("SELECT pg_reload_conf()")


def add_parser(attacks: argparse._SubParsersAction) -> None:
    parser = attacks.add_parser("soak", help="a month of life, a day in seconds", description=__doc__)
    parser.add_argument(
        "--days", type=int, help=f"how many (default: 3, with --long 30); from {MONTH} on they are compared"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, object]:
    """What the days have left. Raises AssertionError if an order is lost or something has grown."""
    form = LONG if options.long else SHORT
    with tempfile.TemporaryDirectory(prefix="tableorder-soak-") as folder, opened_site(workers=2) as site:
        month = Month(site, Commands(site.url, Path(folder)), form, options.seed)
        for _ in range(options.days or form.days):
            month.live()
    days = month.days
    assert all(day.memory.keys() == days[0].memory.keys() for day in days), "a process has died"
    assert days[-1].backups <= KEPT_BACKUPS, f"{days[-1].backups} backups are kept"
    if len(days) >= MONTH:
        judge(days)
    return summarize(month)
