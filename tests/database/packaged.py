"""The system's own PostgreSQL, for what the embedded one does not have: uuid-ossp, TCP, passwords."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

VERSIONS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


@contextmanager
def packaged_server(*settings: str, encoding: str = "UTF8", locale: str = "C.UTF-8") -> Iterator[str]:
    """The URL of a superuser of a new server, which is gone afterwards. `settings`: "name=value"."""
    if not VERSIONS:
        pytest.skip("needs a packaged PostgreSQL (Debian: postgresql postgresql-contrib)")
    with tempfile.TemporaryDirectory(prefix="tableorder-test-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        made = ["-U", "postgres", "-A", "trust", "-E", encoding, f"--locale={locale}", "--no-sync"]
        _run("initdb", "-D", data, *made)
        options = " ".join(f"-c {setting}" for setting in ("listen_addresses=", *settings))
        _run("pg_ctl", "start", "-w", "-D", data, "-l", folder / "log", "-o", f"-k {folder} {options}")
        try:
            yield f"postgresql://postgres@/postgres?host={quote(name, safe='')}"
        finally:
            _run("pg_ctl", "stop", "-D", data, "-m", "immediate")


def _run(program: str, *arguments: object) -> None:
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    command = [*as_postgres, str(VERSIONS[-1] / program), *map(str, arguments)]
    subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
