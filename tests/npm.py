"""Programs from npm, for the tests that need one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

OPTIONS = ("--no-audit", "--no-fund", "--no-package-lock", "--prefer-offline")


def install(folder: Path) -> None:
    """Install what the folder's package.json names; without npm the test is skipped."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("needs node and npm")
    installed = run(folder, "npm", "install", *OPTIONS)
    if installed.returncode:
        pytest.skip(f"npm cannot install what is needed: {installed.stderr[-300:]}")


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
