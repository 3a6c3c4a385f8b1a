"""The services that are measured, each as real processes: ours, the floor, and those that it is compared with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from tests.api.server import JWT_SECRET_KEY, Server
from tests.bench.town import Town
from tests.database.servers import free_port
from tests.management.running import CHECKOUT

WORKERS = 2


class Application(Server):
    """The application as in production, with `workers` processes."""

    def __init__(self, town: Town, folder: Path, workers: int = WORKERS, **settings: str) -> None:
        usual = {"BCRYPT_COST": "12", "TRUSTED_PROXIES": "0", "WEB_CONCURRENCY": str(workers)}
        super().__init__(town.url, folder / "application.log", **usual | settings)

    def processes(self) -> list[psutil.Process]:
        """The master and its workers."""
        return _family(self.process)


class Floor(Application):
    """The application's framework and server, as configured for it; `answers`: method, route, status and body."""

    APPLICATION = "tests.bench.rivals.floor:app"
    READY = "/health", 200

    def __init__(self, town: Town, folder: Path, answers: list[tuple[str, str, int, str]]) -> None:
        file = folder / "answers.json"
        file.write_text(json.dumps(answers))
        os.environ["BENCH_ANSWERS"] = str(file)
        super().__init__(town, folder)


class RoundTrip(Application):
    """The application's framework, server and driver, which do nothing but one round trip."""

    APPLICATION = "tests.bench.rivals.round_trip:app"
    READY = "/health", 200


class Rival(Application):
    """An ASGI application under uvicorn with uvloop, with as many workers."""

    READY = "/health", 200

    def __init__(self, town: Town, folder: Path, application: str) -> None:
        self._application = application
        self._port = str(free_port())
        super().__init__(town, folder)
        self.base = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        server = [sys.executable, "-m", "uvicorn", "--port", self._port, "--workers", str(WORKERS), "--loop", "uvloop"]
        server += ["--timeout-worker-healthcheck", "60"]  # or its master kills a worker that is busy for 5 s
        settings = {"DATABASE_URL": self.database_url, "JWT_SECRET_KEY": JWT_SECRET_KEY}
        with self._log.with_name(f"{self._port}.log").open("ab") as output:
            self.process = subprocess.Popen(
                [*server, "--http", "httptools", "--no-access-log", "--log-level", "warning", self._application],
                cwd=CHECKOUT,
                env={**os.environ, **settings},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Processor time of the processes so far, with that of children that have ended."""
    seconds = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            seconds += sum(process.cpu_times()[:4])
    return seconds


def _family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    master = psutil.Process(process.pid)
    return [master, *master.children(recursive=True)]
