"""The folder of the figures may be full: then the workers count less and serve on."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests

from tests.api.client import expect
from tests.api.server import Server, add_restaurant
from tests.management.running import CHECKOUT

MOUNT = ["unshare", "--mount", "sh", "-c"]


def can_mount() -> bool:
    tried = subprocess.run([*MOUNT, "mount -t tmpfs none /mnt"], capture_output=True)
    return os.geteuid() == 0 and tried.returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="needs root and the right to mount a small file system")


class Cramped(Server):
    """The API, whose figures have a file system of a given size to themselves."""

    def __init__(self, database_url: str, folder: Path, size: str) -> None:
        self._size = size
        self.figures = folder / "figures"
        self.figures.mkdir()
        super().__init__(database_url, folder / "log", PROMETHEUS_MULTIPROC_DIR=str(self.figures))

    def start(self) -> None:
        gunicorn = [sys.executable, "-m", "gunicorn", "--config", self.CONFIGURATION, self.APPLICATION]
        mount = f"mount -t tmpfs -o size={self._size} none {shlex.quote(str(self.figures))}"
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                [*MOUNT, f"{mount} && exec {shlex.join(gunicorn)}"],
                cwd=CHECKOUT,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children()}


def serves_a_meal(server: Server) -> None:
    restaurant = add_restaurant(server)
    restaurant.add_table(1)
    tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
    for _ in range(20):
        expect(201, tablet.order((menu_id, 1)))
        expect(404, restaurant.admin.get("/admin/orders/2147483647"))
    assert requests.get(f"{server.base}/metrics", timeout=10).status_code == 200


def ask_every_route(server: Server) -> None:
    """More figures than any worker's first files have room for."""
    paths = requests.get(f"{server.base}/openapi.json", timeout=10).json()["paths"]
    for path, operations in paths.items():
        for method in operations:
            requests.request(method, server.base + re.sub(r"{\w+}", "1", path), timeout=10)


@pytest.mark.parametrize("size", ["4k", "16k", "64k", "80k", "200k", "300k"])
def test_without_room_the_workers_serve_on(shared_database_url, tmp_path, size):
    server = Cramped(shared_database_url, tmp_path, size).wait_until_ready()
    try:
        workers = server.workers()
        serves_a_meal(server)
        assert server.workers() == workers
    finally:
        server.stop()
    assert "is not counted" in server.log()


def test_room_that_is_used_up_later_costs_new_figures_only(shared_database_url, tmp_path):
    server = Cramped(shared_database_url, tmp_path, "2m").wait_until_ready()
    try:
        workers = server.workers()
        inside = Path(f"/proc/{server.process.pid}/root{server.figures}")
        with pytest.raises(OSError, match="No space"), (inside / "filling").open("wb", buffering=0) as filling:
            while True:
                filling.write(bytes(4096))
        serves_a_meal(server)
        ask_every_route(server)
        assert server.workers() == workers
        assert "tableorder_requests_total" in requests.get(f"{server.base}/metrics", timeout=10).text
    finally:
        server.stop()
    assert 1 <= server.log().count("is not counted") <= 2 * 4  # once for each kind of file of each worker


@pytest.mark.parametrize("folder", ["missing/folder", "file"])
def test_a_folder_that_is_none_is_no_reason_not_to_serve(shared_database_url, tmp_path, folder):
    (tmp_path / "file").write_text("")
    settings = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / folder)}
    server = Server(shared_database_url, tmp_path / "log", **settings).wait_until_ready()
    try:
        serves_a_meal(server)
    finally:
        server.stop()
