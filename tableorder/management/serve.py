"""`bin/serve`: everything that a restaurant needs, started in order and stopped in order."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import cast

import psycopg2

from tableorder.commands import CHECKOUT, SetupError
from tableorder.database.administration import administer
from tableorder.database.migrations import MigrationError, apply_pending, pending_migrations
from tableorder.domain.errors import DomainError
from tableorder.environment import database, home
from tableorder.management import demo
from tableorder.management.application_role import application_url
from tableorder.management.proxy import API_SOCKET, PROXIES, REFUSER_SOCKET, STREAM_SOCKET, prepare_proxy
from tableorder.management.refuser import refusing
from tableorder.management.secret import jwt_secret_key
from tableorder.repositories.stores import StoreRepository

HOST = "127.0.0.1"
READY_TIMEOUT = 60  # seconds
STOP_TIMEOUT = 15  # seconds

PR_SET_PDEATHSIG = 1  # prctl(2)

Process = subprocess.Popen[bytes]


# Set by a signal and looked at between two steps, so that no step is left half done.
_stop_asked = threading.Event()


class Stop(Exception):
    """Somebody asked us to stop."""


def main() -> int:
    """Serve until told to stop. 0 if it was, 1 if it could not start or went on no longer, 2 for wrong usage."""
    options = _parse()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ask_to_stop)
    try:
        _serve(options)
        return 1
    except (SetupError, MigrationError, DomainError, psycopg2.Error, OSError) as error:
        _say(f"bin/serve: {' '.join(str(error).split())}")
        return 1
    except Stop:
        _say("Stopped.")
        return 0


def _serve(options: argparse.Namespace) -> None:
    _require_free(options.port)
    secret = jwt_secret_key()
    if not os.environ.get("DATABASE_URL", "").strip():
        _say(f"Starting PostgreSQL in {home() / 'postgres'} …")
    with database() as url:
        _stop_if_asked()
        _migrate(url)
        demo_store_id = _load_demo(url, wanted=not options.no_demo)
        settings = {
            "DATABASE_URL": application_url(url),
            "JWT_SECRET_KEY": secret,
            "WEB_CONCURRENCY": str(options.workers),
            "TRUSTED_PROXIES": "1",
            "DEMO_STORE_ID": str(demo_store_id or 0),
        }
        _say(f"Starting {options.workers} workers, the live feed and the proxy …")
        with _processes(settings, options) as processes:
            _wait_until_ready(processes, options.port)
            _greet(options.port, demo_store_id)
            while all(process.poll() is None for process in processes):
                _stop_if_asked(0.2)
            raise SetupError(_who_ended(processes))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/serve",
        description="Set up and run everything: PostgreSQL (unless DATABASE_URL names one), migrations, a demo "
        "restaurant if there is none, and the API on 127.0.0.1. Ctrl-C stops it; the data stays.",
        epilog="Environment: PORT, DATABASE_URL, JWT_SECRET_KEY, TABLEORDER_HOME (default .tableorder/), and the "
        "settings that docs/configuration.md lists.",
    )
    parser.add_argument("--port", type=_port, default=os.environ.get("PORT") or "8000", help="default: $PORT or 8000")
    parser.add_argument("--workers", type=_workers, default="2", help="worker processes (default: 2)")
    parser.add_argument("--proxy", choices=PROXIES, help="what listens on the port (default: nginx if it is there)")
    parser.add_argument("--no-demo", action="store_true", help="load no demo restaurant")
    return parser.parse_args()


def _port(text: str) -> int:
    return _whole_number(text, 1, 65535)


def _workers(text: str) -> int:
    return _whole_number(text, 1, 100)


def _whole_number(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return int(text)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise SetupError(f"port {port} is not for this user; choose another with --port") from None
        except OSError:
            raise SetupError(f"port {port} is taken; stop what listens there, or choose another with --port") from None


def _migrate(url: str) -> None:
    try:
        if pending_migrations(url):
            apply_pending(url, _report_migration)
    except psycopg2.Error as error:
        raise SetupError(f"cannot migrate the database: {str(error).strip()}") from None


def _report_migration(name: str) -> None:
    _say(f"Applied migration {name}")
    _stop_if_asked()


def _load_demo(url: str, *, wanted: bool) -> int | None:
    """Load the demo restaurant into an empty database; its id, if it is there."""
    try:
        with administer(url) as connection:
            stores = StoreRepository(connection)
            if wanted and not stores.list():
                demo.load(connection)
                _say("Loaded the demo restaurant.")
            return stores.find_id(admin_username=demo.USERNAME)
    except psycopg2.errors.InsufficientPrivilege:  # the application's own role
        if wanted:
            _say("No demo restaurant: the role of DATABASE_URL may not add one.")
        return None


@contextmanager
def _processes(settings: dict[str, str], options: argparse.Namespace) -> Iterator[list[Process]]:
    """The proxy, the API and the live feed; they are stopped in the opposite order, so that all can say goodbye."""
    with tempfile.TemporaryDirectory(prefix="tableorder-") as name, ExitStack() as stack:
        folder = Path(name)
        sockets = {"WEB_BIND": f"unix:{folder / API_SOCKET}", "STREAM_BIND": f"unix:{folder / STREAM_SOCKET}"}
        gunicorn = [sys.executable, "-m", "gunicorn", "--log-level", "warning", "--config"]
        commands = [
            prepare_proxy(options.proxy, folder, options.port),
            [*gunicorn, "deploy/gunicorn.conf.py", "wsgi:app"],
            [*gunicorn, "deploy/gunicorn.stream.conf.py", "tableorder.stream.asgi:app"],
        ]
        stack.enter_context(refusing(folder / REFUSER_SOCKET))
        yield [stack.enter_context(_process(command, settings | sockets)) for command in commands]


@contextmanager
def _process(command: list[str], settings: dict[str, str]) -> Iterator[Process]:
    """A process out of reach of the terminal's Ctrl-C, stopped gracefully at the end; it ends with us if killed."""
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    """Let the kernel end this process with SIGTERM if bin/serve is killed (Linux; elsewhere it lives on)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_ready(processes: list[Process], port: int) -> None:
    """Return once the API says that it is ready and the live feed asks for a token, through the proxy."""
    wanted = {"/health/ready": 200, "/api/v1/admin/orders/sse": 401}
    ends = time.monotonic() + READY_TIMEOUT
    answer = "no answer"
    while wanted and time.monotonic() < ends and all(process.poll() is None for process in processes):
        path, status = next(iter(wanted.items()))
        got, answer = _ask(f"http://{HOST}:{port}{path}")
        if got == status:
            del wanted[path]
        else:
            _stop_if_asked(0.05)
    if not wanted:
        return
    if any(process.poll() is not None for process in processes):
        raise SetupError(_who_ended(processes))
    raise SetupError(f"the service did not become ready: {answer}")


def _ask(url: str) -> tuple[int, str]:
    """The status and the text of the answer; status 0 if there is none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (ours, over http)
            return response.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def _who_ended(processes: list[Process]) -> str:
    ended = next(process for process in processes if process.poll() is not None)
    return f"a process ended by itself, with status {ended.returncode}: {shlex.join(cast(list[str], ended.args))}"


def _greet(port: int, store_id: int | None) -> None:
    address = f"http://{HOST}:{port}"
    lines = [
        "",
        f"tableorder is ready on {address} (Ctrl-C stops it)",
        "",
        f"  the screens  {address}/",
        f"  the API      {address}/docs",
    ]
    if store_id is not None:
        login = {"store_id": store_id, "table_number": demo.TABLE_NUMBER, "table_password": demo.TABLE_PASSWORD}
        lines += [
            f"  demo store   {store_id}",
            f"  demo admin   {demo.USERNAME} / {demo.ADMIN_PASSWORD}",
            f"  demo tables  1 to 8 / {demo.TABLE_PASSWORD}",
            "",
            f"  curl {address}/api/v1/auth/table/login -H 'Content-Type: application/json' -d '{json.dumps(login)}'",
        ]
    else:
        lines += ["", "  bin/tableorder store add --help   how to add a restaurant"]
    _say("\n".join([*lines, ""]))


def _ask_to_stop(number: int, frame: FrameType | None) -> None:
    if not _stop_asked.is_set():
        os.write(1, "\nStopping …\n".encode())  # not print, which may be under way
    _stop_asked.set()


def _stop_if_asked(seconds: float = 0) -> None:
    """Raise Stop if we were asked to within the next so many seconds, or before."""
    if _stop_asked.wait(seconds):
        raise Stop


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
