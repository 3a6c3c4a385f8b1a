"""bin/serve and bin/tableorder as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.database.servers import free_port
from tests.log_secrets import assert_no_secret
from tests.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]


def environment(home: Path, **settings: str) -> dict[str, str]:
    """A cleared environment with this virtual environment and a folder for the data."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TABLEORDER_VENV") if name in os.environ}
    return kept | {"TABLEORDER_HOME": str(home), "LANG": "C.UTF-8"} | settings


def manage(
    *arguments: str, home: Path, stdin: str = "", checkout: Path = CHECKOUT, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run bin/tableorder to its end."""
    command = [sys.executable, "-m", "tableorder.management", *arguments]
    return subprocess.run(
        command, cwd=checkout, env=environment(home, **settings), input=stdin, capture_output=True, text=True
    )


def findings_of(checked: subprocess.CompletedProcess[str]) -> list[tuple[str, str, str]]:
    """What `bin/tableorder check --json` found: each item, its status and what it says."""
    assert checked.stdout, checked.stderr
    assert "Traceback" not in checked.stderr, checked.stderr
    return [(found["item"], found["status"], found["detail"]) for found in json.loads(checked.stdout)]


class Serve:
    """bin/serve in the background."""

    def __init__(self, home: Path, log: Path, *arguments: str, **settings: str) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._log = log
        command = [sys.executable, "-m", "tableorder.management.serve", "--port", str(self.port), *arguments]
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=CHECKOUT, env=environment(home, **settings), stdout=output, stderr=output
            )

    def output(self) -> str:
        return self._log.read_text()

    def wait_until_ready(self) -> Serve:
        until(lambda: "is ready" in self.output() or self.process.poll() is not None)
        assert "is ready" in self.output(), self.output()
        return self

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(60)
        assert_no_secret(self.output())
        return status
