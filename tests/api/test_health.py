"""How the service says that it is well, and that it is not."""

import pytest
import requests

from tests.api.client import expect
from tests.waiting import until


@pytest.mark.parametrize("prefix", ["/health", "/api/v1/health"])
def test_a_server_that_is_well_says_so(server, prefix):
    def get(path):
        return expect(200, requests.get(f"{server.base}{prefix}{path}", timeout=10))

    assert get("") == {"status": "healthy"}
    assert get("/live") == {"status": "alive"}
    assert get("/ready") == {"status": "ready", "checks": {"database": "ok", "migrations": "ok"}}
    until(lambda: get("/db")["pool"]["checked_out"] == 0)  # an earlier test's order may be about to be announced
    health = get("/db")
    assert health["status"] == "healthy"
    assert health["pool"].keys() >= {"pool_size", "checked_in", "checked_out", "overflow"}
    assert health["pool"]["pool_size"] == 5
