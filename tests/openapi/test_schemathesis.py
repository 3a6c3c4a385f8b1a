"""Schemathesis against a live server: whatever the document allows or forbids, the answers are as it says."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import requests

from tests.api.server import Server, add_restaurant
from tests.management.running import CHECKOUT

# More of them find more, and take longer: SCHEMATHESIS_EXAMPLES=500 for a long run.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "3")


@pytest.fixture
def patient_server(shared_database_url, tmp_path):
    """It lets all the logins fail that schemathesis makes up."""
    limits = {"LOGIN_ACCOUNT_FAILURES": "1000", "LOGIN_ADDRESS_FAILURES": "10000"}
    running = Server(shared_database_url, tmp_path / "log", **limits)
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()
        assert "crash in request" not in running.log()


@pytest.mark.long
@pytest.mark.timeout(0)
def test_the_answers_are_as_described(patient_server, tmp_path):
    restaurant = add_restaurant(patient_server)
    told = {
        "SERVER": patient_server.base,
        "STORE_ID": str(restaurant.store_id),
        "ADMIN_USERNAME": restaurant.username,
        "ADMIN_PASSWORD": restaurant.password,
        "PYTHONPATH": str(CHECKOUT),
    }
    document = requests.get(f"{patient_server.base}/openapi.json", timeout=30)
    (tmp_path / "openapi.json").write_bytes(document.content)  # at its URL, schemathesis would not call it
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
        *("--config-file", str(CHECKOUT / "tests" / "openapi" / "schemathesis.toml")),
        *("run", "openapi.json", "--url", patient_server.base, "--checks", "all", "--max-examples", EXAMPLES),
        *("--exclude-path-regex", "/sse$"),  # they never end; test_docs.py looks at what they send
    ]
    run = subprocess.run(command, cwd=tmp_path, env=os.environ | told, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    count = sum(len(methods) for path, methods in document.json()["paths"].items() if not path.endswith("/sse"))
    assert f"Tested: {count}\n" in run.stdout, run.stdout
