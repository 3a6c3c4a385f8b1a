"""Pictures are converted beside the workers: their memory does not grow, and others are served meanwhile."""

from __future__ import annotations

import base64
import io
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psutil
import pytest
from PIL import Image

from tests.api.client import Restaurant, expect, refused
from tests.api.server import Server, add_restaurant
from tests.waiting import until

UPLOADS = 60
MOST_BYTES = 150_000_000  # of a worker


@pytest.fixture(scope="module")
def server(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(shared_database_url, tmp_path_factory.mktemp("pictures") / "log")
    yield running.wait_until_ready()
    running.stop()


@pytest.fixture
def restaurant(server: Server) -> Restaurant:
    return add_restaurant(server)


def photo(number: int, size: tuple[int, int] = (3648, 2736), image_format: str = "JPEG") -> str:
    """10 megapixels."""
    written = io.BytesIO()
    Image.new("RGB", size, (number * 4, 80, 120)).save(written, image_format)
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(written.getvalue()).decode()}"


def upload(restaurant: Restaurant, menu_id: int, picture: str) -> None:
    """As a client does: again, as long as too many are being converted."""
    changed = []

    def is_done() -> bool:
        changed.append(restaurant.admin.patch(f"/admin/menus/{menu_id}", {"image_base64": picture}))
        return changed[-1].status_code != 503

    until(is_done, seconds=120)
    for refusal in changed[:-1]:
        refused(503, "too_many_pictures", refusal)
        assert refusal.headers["Retry-After"] == "1"
    assert expect(200, changed[-1])["image_url"]


@contextmanager
def watched(server: Server, restaurant: Restaurant) -> Iterator[tuple[list[int], list[float]]]:
    """The memory of the workers, and the seconds that another request takes, until the end."""
    workers = psutil.Process(server.process.pid).children()
    memory, seconds, over = [], [], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            began = time.monotonic()
            expect(200, restaurant.admin.get("/admin/tables"))
            seconds.append(time.monotonic() - began)
            with suppress(psutil.NoSuchProcess):
                memory.extend(worker.memory_info().rss for worker in workers)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory, seconds
    finally:
        over.set()
        watcher.join()


def conversions(server: Server) -> list[psutil.Process]:
    workers = psutil.Process(server.process.pid).children()
    children = [child for worker in workers for child in worker.children()]
    return [child for child in children if "tableorder.domain.image_conversion" in child.cmdline()]


@pytest.mark.parametrize(
    ("ended_by", "status", "code"),
    [
        (signal.SIGKILL, 400, "validation_failed"),
        (signal.SIGXCPU, 400, "validation_failed"),
        (signal.SIGTERM, 503, "unavailable"),
    ],
)
def test_a_conversion_that_is_ended_is_refused(server, restaurant, ended_by, status, code):
    """For what it takes, or because the service stops."""
    menu_id = restaurant.add_menu()
    large = photo(0, (8000, 5000), "PNG")
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(restaurant.admin.patch, f"/admin/menus/{menu_id}", {"image_base64": large})
        until(lambda: conversions(server))
        for conversion in conversions(server):
            conversion.send_signal(ended_by)
    problem = refused(status, code, answer.result())
    if status == 400:
        assert problem["errors"] == {"image_base64": ["Takes too much to decode."]}


@pytest.mark.long
def test_sixty_photos_at_once_neither_fill_a_worker_nor_hold_up_others(server, restaurant):
    menu_id = restaurant.add_menu()
    photos = [photo(number) for number in range(4)] * (UPLOADS // 4)
    with watched(server, restaurant) as (memory, seconds), ThreadPoolExecutor(2) as clients:
        list(clients.map(lambda picture: upload(restaurant, menu_id, picture), photos))
    assert max(memory) < MOST_BYTES
    assert sorted(seconds)[len(seconds) // 2] < 1, sorted(seconds)[-10:]
