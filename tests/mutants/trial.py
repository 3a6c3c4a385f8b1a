"""A copy of the checkout, in which a mistake is made and tests are run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.management.running import CHECKOUT

PATIENCE = 20.0  # seconds more than the tests take without a mistake; who is not done then hangs
TIDY = 30.0  # seconds in which tests that are stopped stop what they have started


class Copy:
    """The files that git knows, and those that it would."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        self._environment = {
            **os.environ,
            "TEST_DATABASE_URL": database_url,
            "PYTEST_DEBUG_TEMPROOT": str(folder / "pytest"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self._moments = count(int(time.time()) + 10)  # a file's time tells Python to compile it anew
        (folder / "pytest").mkdir()
        listed = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=CHECKOUT, text=True
        )
        for name in filter(None, listed.split("\0")):
            if (CHECKOUT / name).is_file():
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(CHECKOUT / name, self.tree / name)

    @contextmanager
    def changed(self, path: str, text: str) -> Iterator[None]:
        """One file has another text."""
        whole = (self.tree / path).read_text(encoding="utf-8")
        self._write(path, text)
        try:
            yield
        finally:
            self._write(path, whole)

    def _write(self, path: str, text: str) -> None:
        (self.tree / path).write_text(text, encoding="utf-8")
        moment = next(self._moments)
        os.utime(self.tree / path, (moment, moment))

    def test(self, tests: list[str], seconds: float, **settings: str) -> tuple[bool, str]:
        """Whether the tests pass in time, and what pytest said."""
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *tests]
        with (self.folder / "said").open("w+") as said:
            running = subprocess.Popen(
                command,
                cwd=self.tree,
                env=self._environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            try:
                status = running.wait(seconds)
            except subprocess.TimeoutExpired:
                status = _stop(running)
            said.seek(0)
            return status == 0, said.read()


def _stop(running: subprocess.Popen[bytes]) -> int:
    """First as Ctrl-C does, so that the tests stop their servers."""
    running.send_signal(signal.SIGINT)
    try:
        return running.wait(TIDY) or 1
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        return running.wait() or 1
