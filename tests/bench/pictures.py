"""`bin/bench menus-pictures`: what a menu with pictures costs a tablet on a slow line, in each of its forms."""

from __future__ import annotations

import argparse
import base64
import json
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import requests
from PIL import Image, ImageFilter

from tests.bench.load import BenchError
from tests.bench.services import Application
from tests.bench.town import Town, found_town, run_sql
from tests.deploy.front import NGINX, Front, opened_front
from tests.management.running import manage

BITS = 10_000_000  # a second, of the line
PIECE = 4096  # bytes that it passes on at once
CONNECTIONS = 6  # of a browser
FIRST = 12  # dishes that a tablet shows at once
MENU = "/api/v1/customer/menus"

ADD_MENUS = """
INSERT INTO menus (menu_id, store_id, category_id, menu_name, price, image_base64)
SELECT 1000000 + n, 1, (SELECT min(category_id) FROM categories WHERE store_id = 1), '사진 ' || n, 9000, photo
  FROM unnest(%(photos)s) WITH ORDINALITY AS given (photo, n)
"""


def add_parser(measurements: argparse._SubParsersAction) -> None:
    parser = measurements.add_parser("menus-pictures", help="a menu with pictures, on a slow line", description=__doc__)
    parser.add_argument("--dishes", type=int, default=100, help="with a picture each (default: 100)")
    parser.set_defaults(run=run)


@dataclass(frozen=True)
class Visit:
    """What a tablet fetched: bytes, and seconds until the menu, the first pictures and all were there."""

    form: str
    occasion: str
    bytes: int
    menu_seconds: float
    first_seconds: float
    all_seconds: float


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    if NGINX is None:
        raise BenchError("nginx is not installed")
    with tempfile.TemporaryDirectory(prefix="tableorder-bench-") as name, found_town(1, 0) as town:
        folder = Path(name)
        run_sql(town.url, "DELETE FROM menus WHERE menu_id NOT IN (SELECT menu_id FROM order_items)")
        run_sql(town.url, ADD_MENUS, {"photos": [_photo(number) for number in range(options.dishes)]})
        service = Application(town, folder).wait_until_ready()
        try:
            with opened_front(service, service) as front:  # there is no live feed here
                visits = [*_visits(town, front, "old, not converted", {})]
                converted = manage("pictures", "convert", home=folder, DATABASE_URL=town.url)
                if converted.returncode:
                    raise BenchError(converted.stderr)
                visits += _visits(town, front, "old", {})
                visits += _visits(town, front, "new", {"pictures": "url"})
        finally:
            service.stop()
    if options.json:
        print(json.dumps([asdict(visit) for visit in visits]))
    else:
        print(f"{'form':20}{'occasion':22}{'kB':>9}{'menu s':>9}{f'first {FIRST} s':>12}{'all s':>8}")
        for each in visits:
            seconds = f"{each.menu_seconds:9.2f}{each.first_seconds:12.2f}{each.all_seconds:8.2f}"
            print(f"{each.form:20}{each.occasion:22}{each.bytes / 1000:9.1f}{seconds}")
    return 0


def _photo(number: int) -> str:
    """A data URL of a photo's size and nature: soft shapes with some grain, as a JPEG."""
    draw = random.Random(number)
    small = Image.frombytes("RGB", (16, 12), draw.randbytes(16 * 12 * 3))
    soft = small.resize((1600, 1200), Image.Resampling.BICUBIC)
    grain = Image.effect_noise((1600, 1200), 24).filter(ImageFilter.GaussianBlur(1)).convert("RGB")
    written = BytesIO()
    Image.blend(soft, grain, 0.25).save(written, "JPEG", quality=92)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"


def _visits(town: Town, front: Front, form: str, query: dict[str, str]) -> Iterator[Visit]:
    """The first visit, and the one after the price of one dish has changed."""
    with _line(front.https) as (port, passed):
        tablet = Tablet(town.table_token(1), f"https://localhost:{port}", str(front.certificate), query)
        for occasion in ("first visit", "after one change"):
            before = passed()
            menu, first, all_ = tablet.visit()
            yield Visit(form, occasion, passed() - before, menu, first, all_)
            run_sql(town.url, "UPDATE menus SET price = price + 1 WHERE menu_id = (SELECT max(menu_id) FROM menus)")


class Tablet:
    """A browser, which keeps the pictures that it has fetched."""

    def __init__(self, token: str, base: str, certificate: str, query: dict[str, str]) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}
        self._base, self._query = base, query
        self._kept: set[str] = set()
        self._session = requests.Session()
        self._session.verify, self._session.trust_env = certificate, False

    def visit(self) -> tuple[float, float, float]:
        """Seconds until the menu, the first pictures and all of them are there."""
        began = time.monotonic()
        answer = self._session.get(self._base + MENU, params=self._query, headers=self._headers, timeout=300)
        answer.raise_for_status()
        menu = time.monotonic() - began
        menus = [menu for category in answer.json()["categories"] for menu in category["menus"]]
        urls = [menu["image_url"] for menu in menus if menu["image_url"] and not menu["image_base64"]]
        wanted = [url for url in dict.fromkeys(urls) if url not in self._kept]
        ends = [menu] * FIRST
        with ThreadPoolExecutor(CONNECTIONS) as connections:
            ends += sorted(connections.map(lambda url: self._fetch(url, began), wanted))
        self._kept.update(wanted)
        first = sorted(ends)[: FIRST + min(FIRST, len(wanted))][-1]
        return menu, first, max(ends)

    def _fetch(self, url: str, began: float) -> float:
        self._session.get(self._base + url, timeout=300).raise_for_status()
        return time.monotonic() - began


@contextmanager
def _line(target: int) -> Iterator[tuple[int, Callable[[], int]]]:
    """A line of BITS a second to a port of this machine: its own port, and what tells the bytes that came through."""
    line = Line(target)
    try:
        yield line.port, line.passed
    finally:
        line.close()


class Line:
    """Passes bytes on, those to the client not faster than BITS a second in all."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._free_at = time.monotonic()
        self._bytes = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def passed(self) -> int:
        """Bytes to the client so far."""
        return self._bytes

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_slow: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                if is_slow:
                    self._wait_for(len(piece))
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def _wait_for(self, size: int) -> None:
        """Until the line has room for so many bytes."""
        with self._lock:
            self._bytes += size
            self._free_at = max(self._free_at, time.monotonic()) + size * 8 / BITS
            until = self._free_at
        time.sleep(max(0.0, until - time.monotonic()))
