"""`bin/chaos hostile`: guests, strangers and a store that take what they can, while another store is at work.

Each attack is done over loopback by a process of its own, through nginx as it is shipped if that is installed, for
seconds, over a few connections, each 50 times a second at most. Meanwhile the tablets of another store order by the
clock, its counter looks on, and its feed is read. Their times are compared with those just before and just after the
attack, so that whatever else the machine does counts for both. Nothing of theirs may be lost, and a few seconds later
the attacked store must be served as before. The short form does the attacks of a kind at the same time; the long form
does each by itself.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import multiprocessing
import os
import secrets
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event as Signal
from urllib.parse import urlsplit

import jwt
import psutil

from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.passwords import hash_password
from tableorder.http.tokens import issue_token
from tests.api.server import JWT_SECRET_KEY
from tests.api.streams import ADMIN_STREAM, TABLE_STREAM, Reader
from tests.chaos.faults import PLACED, describe_difference
from tests.chaos.model import Api, check_invariants
from tests.chaos.progress import report
from tests.chaos.site import Site, opened_site
from tests.connections import connect
from tests.deploy.front import NGINX, opened_front
from tests.waiting import until

TABLES = 80  # of the store at work: none comes near its own limits
CONNECTIONS = 8  # of an attacker, or two for each attack if those are more
PAUSE = 0.02  # seconds at least from one step of a connection to the next; `load` does what is more than can be served
FEEDS = 60  # that are opened at once by an attack on them
ORDERS, LOOKS = 20, 8  # a second: by the tablets, and by the counter
SLOWER = 3  # times, at most, while it lasts
LONGEST = 0.3  # seconds of p99, at most
LATEST = 2.0  # seconds until an event has arrived, at most
MB = 1024 * 1024
MEMORY = 100 * MB  # that the processes may take meanwhile, all together
RECOVERY = 5.0  # seconds until the attacked store is served as before
DISTURBED = 0.2  # of a processor, that the rest of the machine may use meanwhile, or it is measured again
ATTEMPTS = 3
HELD = 10  # half-sent requests that each connection of that attack has open
MISSED = 1900  # events of 6 kB, as an order of 40 lines has, for those who want them all again: within LIMIT_REPLAY

STORE = """
INSERT INTO stores (store_name, admin_username, admin_password_hash)
VALUES ('식당', %(username)s, %(hash)s) RETURNING store_id
"""
FILL = """
WITH category AS (
    INSERT INTO categories (store_id, category_name) VALUES (%(store_id)s, '식사') RETURNING category_id
), menu AS (
    INSERT INTO menus (store_id, category_id, menu_name, price)
    SELECT %(store_id)s, category_id, '김치찌개', 1000 FROM category
), added AS (
    INSERT INTO tables (store_id, table_number, table_password_hash)
    SELECT %(store_id)s, n, %(hash)s FROM generate_series(1, %(tables)s) AS n
    RETURNING table_id
)
SELECT count(*) FROM added
"""
SEAT = """
INSERT INTO table_sessions (store_id, table_id)
SELECT store_id, table_id FROM tables WHERE store_id = %(store_id)s AND current_session_id IS NULL
RETURNING table_id, session_id::text
"""
EVENTS = """
INSERT INTO events (store_id, event_type, event_data)
SELECT %(store_id)s, 'order_updated', json_build_object('filler', repeat(md5(n::text), 200))
  FROM generate_series(1, %(count)s) AS n
"""


@dataclass(frozen=True)
class Target:
    """A store, and what a guest and an admin of it have in their hands. `username` is all its passwords, too."""

    api: str
    stream: str
    behind: str  # gunicorn's own address
    store_id: int
    username: str
    menu_id: int
    admin: str
    tables: tuple[str, ...]
    past: str  # the token of a session that has ended


@dataclass(frozen=True)
class Place:
    """A site and how the world reaches it: by one address for both if there is nginx, else directly."""

    site: Site
    api: str
    stream: str
    front: str  # what stands before it


@contextmanager
def opened_place(**settings: str) -> Iterator[Place]:
    """A site with what stands before it."""
    with opened_site(workers=2, **settings) as site:
        if NGINX is None or shutil.which("openssl") is None:
            yield Place(site, site.api.base, site.stream.base, "nothing, for there is no nginx")
            return
        with opened_front(site.api, site.stream) as front:
            yield Place(site, front.base, front.base, "nginx as shipped")


def found_store(place: Place, tables: int) -> Target:
    """A new store with guests at each table."""
    site, username = place.site, secrets.token_hex(8)
    password_hash = hash_password(username)
    [(store_id,)] = site.query(STORE, {"username": username, "hash": password_hash})
    site.query(FILL, {"store_id": store_id, "tables": tables, "hash": password_hash})
    seated = site.query(SEAT, {"store_id": store_id})
    [(menu_id,)] = site.query("SELECT menu_id FROM menus WHERE store_id = %(store_id)s", {"store_id": store_id})

    def token(table_id: int, session_id: str) -> str:
        return issue_token(TableIdentity(store_id, table_id, 1, session_id), JWT_SECRET_KEY)

    return Target(
        api=place.api,
        stream=place.stream,
        behind=site.api.base,
        store_id=store_id,
        username=username,
        menu_id=menu_id,
        admin=issue_token(AdminIdentity(store_id, username), JWT_SECRET_KEY),
        tables=tuple(token(*row) for row in seated),
        past=token(seated[0][0], "00000000-0000-4000-8000-000000000000"),
    )


# The attacks. Each is one step of one connection, done again and again.


def order_without_end(target: Target, api: Api) -> None:
    body = {"items": [{"menu_id": target.menu_id, "quantity": 99}] * 50}
    api.call(target.tables[0], "POST", "/customer/orders", body)


def call_without_end(target: Target, api: Api) -> None:
    api.call(target.tables[0], "POST", "/customer/calls", {"note": secrets.token_hex(50)})
    api.call(target.tables[0], "DELETE", "/customer/calls/current")


def come_back_after_the_end(target: Target, api: Api) -> None:
    api.call(target.past, "POST", "/customer/orders/sse/ticket")
    _open_feeds(target, TABLE_STREAM, target.past, None, 4)


def make_methods_up(target: Target, api: Api) -> None:
    with closing(connect(target.api, timeout=30)) as connection:
        method = secrets.token_hex(8).translate(str.maketrans("0123456789abcdef", "ABCDEFGHIJKLMNOP"))
        connection.request(method, f"/{secrets.token_hex(8)}")
        connection.getresponse().read()


def guess_passwords(target: Target, api: Api) -> None:
    _log_in(api, target.username, secrets.token_hex(8), _any_address())


def guess_in_the_name_of_an_address(target: Target, api: Api) -> None:
    _log_in(api, f"{target.username}@127.0.0.1", "x", _any_address())


def guess_from_where_a_table_logs_in(target: Target, api: Api) -> None:
    address = f"203.0.113.{secrets.randbelow(4)}"
    table = {"store_id": target.store_id, "table_number": 1, "table_password": target.username}
    api.call(None, "POST", "/auth/table/login", table, **_from(address))
    _log_in(api, target.username, secrets.token_hex(8), address)


def look_for_names(target: Target, api: Api) -> None:
    for username in (target.username, secrets.token_hex(8)):
        _log_in(api, username, "x", "203.0.113.9")


def log_in_without_end(target: Target, api: Api) -> None:
    _log_in(api, target.username, target.username, _any_address())


def renew_passwords(target: Target, api: Api) -> None:
    body = {"table_password": secrets.token_hex(8)}
    api.call(target.admin, "PATCH", f"/admin/tables/{_table_of(target, 1)}", body)


def ask_whether_it_is_ready(target: Target, api: Api) -> None:
    api.call(None, "GET", "/health/ready")


def send_half_a_body(target: Target, api: Api) -> None:
    with ExitStack() as held:
        for _ in range(HELD):
            connection = held.enter_context(closing(connect(target.api, timeout=30)))
            connection.putrequest("POST", "/api/v1/auth/admin/login")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", "1000")
            connection.endheaders(b"{")
        time.sleep(1)


def name_another_root(target: Target, api: Api) -> None:
    with closing(http.client.HTTPConnection(urlsplit(target.behind).netloc, timeout=30)) as connection:
        connection.request("GET", "/api/v1/customer/menus", headers={"SCRIPT_NAME": f"/{secrets.token_hex(8)}"})
        connection.getresponse().read()


def want_everything_again(target: Target, api: Api) -> None:
    _open_feeds(target, ADMIN_STREAM, target.admin, 0, FEEDS // CONNECTIONS)


def fill_the_menu(target: Target, api: Api) -> None:
    api.call(target.admin, "POST", "/admin/categories", {"category_name": secrets.token_hex(8)})


# The attacks of a kind, which the short form does at the same time.
KINDS: dict[str, tuple[Callable[[Target, Api], None], ...]] = {
    "guests": (order_without_end, call_without_end, come_back_after_the_end),
    "requests": (make_methods_up, ask_whether_it_is_ready, send_half_a_body, name_another_root),
    "passwords": (
        guess_passwords,
        guess_in_the_name_of_an_address,
        guess_from_where_a_table_logs_in,
        look_for_names,
        log_in_without_end,
        renew_passwords,
    ),
    "admins": (want_everything_again, fill_the_menu),
}
ATTACKS = {step.__name__.replace("_", " "): step for kind in KINDS.values() for step in kind}
ONLY_BEHIND_NGINX = {"send half a body"}


def _log_in(api: Api, username: str, password: str, address: str) -> None:
    api.call(None, "POST", "/auth/admin/login", {"username": username, "password": password}, **_from(address))


def _from(address: str) -> dict[str, str]:
    """The headers by which nginx here, or the API without it, takes the client to be elsewhere."""
    return {"X-Test-Address": address, "X-Forwarded-For": address}


def _any_address() -> str:
    return ".".join(str(part) for part in secrets.token_bytes(4))


def _open_feeds(target: Target, path: str, token: str, last_event_id: int | None, count: int) -> None:
    """Open some, read a little of each and hang up."""
    connections = []
    for _ in range(count):
        connection = connect(target.stream, timeout=30)
        headers = {"Authorization": f"Bearer {token}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        connection.request("GET", path, headers=headers)
        connections.append(connection)
    for connection in connections:
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.getresponse().read(500_000)


def _attack(names: Sequence[str], target: Target, begun: Signal, over: Signal) -> None:
    """The attacker's process. It gives way to the others: its processor is not the service's."""
    os.nice(10)
    waiting = threading.Barrier(len(names))  # until each attack has done a step

    def work(name: str, *, is_first: bool) -> None:
        while not over.is_set():
            with suppress(OSError, http.client.HTTPException, ValueError), closing(Api(target.api)) as api:
                while not over.wait(PAUSE):
                    ATTACKS[name](target, api)
                    if is_first:
                        is_first = False
                        waiting.wait(60)
                        begun.set()

    numbers = range(max(CONNECTIONS, 2 * len(names)))
    workers = [(names[number % len(names)], number < len(names)) for number in numbers]
    threads = [
        threading.Thread(target=work, args=[name], kwargs={"is_first": is_first}, daemon=True)
        for name, is_first in workers
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


@contextmanager
def under_attack(names: Sequence[str], target: Target) -> Iterator[None]:
    """Meanwhile somebody does all this to the store."""
    context = multiprocessing.get_context("spawn")
    begun, over = context.Event(), context.Event()
    attacker = context.Process(target=_attack, args=(names, target, begun, over), daemon=True)
    attacker.start()
    try:
        assert begun.wait(60), "the attack did not begin"
        yield
    finally:
        over.set()
        attacker.join(5)
        attacker.kill()
        attacker.join()


# The store at work


@dataclass
class Times:
    """Seconds: of each answer, and from each order's answer to its event."""

    answers: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.answers, n=100, method="inclusive")[98]


class Neighbour:
    """The other store: its tablets order by the clock, its counter looks on, and its feed is read."""

    def __init__(self, place: Place) -> None:
        self.acknowledged: dict[int, int] = {}  # the order's id: its total
        self._site, self._store = place.site, found_store(place, TABLES)
        self._turns = itertools.cycle(self._store.tables)
        self._reader = Reader(self._store.stream, ADMIN_STREAM, token=self._store.admin)
        self._reader.wait_for(1)
        self._arrived: dict[int, float] = {}
        self._answered: dict[int, float] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def work(self, seconds: float) -> Times:
        """What it sees in so many seconds. Raises AssertionError if it is refused something."""
        times, began = Times(), time.monotonic()
        before = len(self._answered)
        wrong: list[str] = []

        def keep_at(step: Callable[[Api], None], rate: int) -> None:
            with closing(Api(self._store.api)) as api:
                for number in range(int(seconds * rate)):
                    time.sleep(max(0, began + number / rate - time.monotonic()))
                    started = time.monotonic()
                    try:
                        step(api)
                    except (AssertionError, OSError, http.client.HTTPException) as error:
                        wrong.append(str(error))
                        return
                    times.answers.append(time.monotonic() - started)

        steps = [(self._order, ORDERS // 2), (self._order, ORDERS // 2), (self._look, LOOKS)]
        threads = [threading.Thread(target=keep_at, args=step) for step in steps]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert not wrong, wrong
        placed = list(self._answered)[before:]
        until(lambda: all(order_id in self._arrived for order_id in placed))
        times.events = [max(0.0, self._arrived[order_id] - self._answered[order_id]) for order_id in placed]
        return times

    def check(self) -> None:
        """Raises AssertionError if an order is lost, doubled or mispriced, or not in the feed exactly once."""
        placed = self._site.query(PLACED, {"store_id": self._store.store_id})
        assert len(placed) == len(dict(placed)) and dict(placed) == self.acknowledged, describe_difference(
            dict(placed), self.acknowledged
        )
        seen = [event.data["order_id"] for event in list(self._reader.events) if event.type == "order_created"]
        assert sorted(seen) == sorted(self.acknowledged), "the feed did not show each order once"

    def _order(self, api: Api) -> None:
        body = {"items": [{"menu_id": self._store.menu_id, "quantity": 2}] * 3}
        key = {"Idempotency-Key": secrets.token_hex(16)}
        status, order = api.call(next(self._turns), "POST", "/customer/orders", body, **key)
        assert status == 201, (status, order)
        self._answered[order["order_id"]] = time.monotonic()
        self.acknowledged[order["order_id"]] = order["total_amount"]

    def _look(self, api: Api) -> None:
        status, problem = api.call(self._store.admin, "GET", f"/admin/orders?table_id={_table_of(self._store)}")
        assert status == 200, (status, problem)

    def _watch(self) -> None:
        taken, pause = 0, threading.Event()
        while not self._reader.is_over:
            for event in self._reader.events[taken:]:
                taken += 1
                if event.type == "order_created":
                    self._arrived[event.data["order_id"]] = time.monotonic()
            pause.wait(0.005)


def _table_of(store: Target, number: int = 0) -> int:
    """The id of one of its tables, which is in its token."""
    claims = jwt.decode(store.tables[number], options={"verify_signature": False})
    return claims["table_id"]


def time_recovery(target: Target) -> float:
    """Seconds until the attacked store's counter gets its list, its feed and the end of a session, each within 1 s."""
    began = time.monotonic()

    def is_well() -> bool:
        started = time.monotonic()
        with suppress(OSError, http.client.HTTPException, ValueError), closing(Api(target.api)) as api:
            looked, _ = api.call(target.admin, "GET", "/admin/orders")
            ended, _ = api.call(target.admin, "POST", f"/admin/tables/{_table_of(target)}/end-session")
            reader = Reader(target.stream, ADMIN_STREAM, token=target.admin)
            if reader.status != 200:
                return False
            reader.wait_for(1)
            reader.close()
            return looked == 200 and ended in (200, 409) and time.monotonic() - started < 1
        return False

    until(is_well, 60)
    return time.monotonic() - began


def add_parser(attacks: argparse._SubParsersAction) -> None:
    parser = attacks.add_parser("hostile", help="guests and stores that take what they can", description=__doc__)
    parser.add_argument("--only", choices=ATTACKS, metavar="ATTACK", help=f"one of: {', '.join(ATTACKS)}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, object]:
    """One kind of attack after the other. Raises AssertionError if another store felt it, or this one for long."""
    names = ("LIMIT_SESSION_ORDERS", "LIMIT_SESSION_LINES", "LIMIT_ORDER_RATE", "LIMIT_LOGIN_CHECKS")
    limits = dict.fromkeys(names, "")  # as shipped
    with opened_place(BCRYPT_COST="12", **limits) as place:
        figures: dict[str, object] = {"before the service": place.front}
        neighbour = Neighbour(place)
        neighbour.work(2)  # a worker is slower until it knows the tokens
        for title, at_once in _chosen(options, place).items():
            figures[title] = attack_and_check(place, neighbour, title, at_once, 10 if options.long else 4)
        neighbour.check()
        check_invariants(place.site)
    return figures | {"orders of the other store": len(neighbour.acknowledged), "lost, doubled or mispriced": 0}


def _chosen(options: argparse.Namespace, place: Place) -> dict[str, list[str]]:
    """The attacks, those together that are done at the same time, by what the figures call them."""
    has_nginx = place.api != place.site.api.base
    names = [name for name in ATTACKS if has_nginx or name not in ONLY_BEHIND_NGINX]
    if options.only:
        return {options.only: [options.only]}
    if options.long:
        return {name: [name] for name in names}
    return {kind: [name for name in names if ATTACKS[name] in steps] for kind, steps in KINDS.items()}


def _memory(site: Site) -> int:
    """Bytes of the API's and the feed's processes."""
    masters = [psutil.Process(server.process.pid) for server in (site.api, site.stream)]
    return sum(process.memory_full_info().uss for master in masters for process in (master, *master.children()))


def _seconds_of_others() -> float:
    """Of processors, used so far by all that is neither this process nor one that it has started."""
    busy = psutil.cpu_times()
    here = psutil.Process()
    ours = 0.0
    for process in (here, *here.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            ours += times.user + times.system + times.children_user + times.children_system
    return busy.user + busy.nice + busy.system - ours


def attack_and_check(place: Place, neighbour: Neighbour, title: str, names: Sequence[str], seconds: float) -> str:
    """Some attacks at once. One that was felt is done again only if the machine was at something else, too."""
    for attempt in range(1, ATTEMPTS + 1):
        target = found_store(place, 5)
        if "want everything again" in names:
            place.site.query(EVENTS, {"store_id": target.store_id, "count": MISSED})
        before, memory = neighbour.work(seconds / 2), _memory(place.site)
        with under_attack(names, target):
            began, others = time.monotonic(), _seconds_of_others()
            during = neighbour.work(seconds)
            disturbed = (_seconds_of_others() - others) / (time.monotonic() - began)
            grown = _memory(place.site) - memory
        recovery = time_recovery(target)
        after = neighbour.work(seconds / 2)
        quiet = Times(before.answers + after.answers)
        told = (
            f"p99 {1000 * during.p99:.0f} ms, {1000 * quiet.p99:.0f} in quiet; "
            f"latest event {1000 * max(during.events):.0f} ms; back after {recovery:.1f} s; {grown / MB:+.0f} MB"
        )
        report(f"{title}: {told}")
        if (
            during.p99 <= min(SLOWER * quiet.p99, LONGEST)
            and max(during.events) <= LATEST
            and recovery <= RECOVERY
            and grown <= MEMORY
        ):
            return told
        if attempt == ATTEMPTS or disturbed <= DISTURBED:
            break
        report(f"others used {100 * disturbed:.0f} % of a processor: measured again")
    raise AssertionError(f"'{title}' was felt: {told}")
