"""sql/postgresql.conf on real servers, and for machines of other sizes."""

from __future__ import annotations

import re
from contextlib import closing

import psycopg2
import pytest

from tests.database.embedded import embedded_server, file_for_everybody
from tests.database.packaged import packaged_server
from tests.factories import value
from tests.management.running import CHECKOUT, manage

FILE = CHECKOUT / "sql" / "postgresql.conf"

# As the contract lists them.
SETTINGS = {
    "max_connections": "100",
    "superuser_reserved_connections": "3",
    "shared_buffers": "1GB",
    "effective_cache_size": "3GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "wal_buffers": "64MB",
    "checkpoint_completion_target": "0.9",
    "max_wal_size": "2GB",
    "min_wal_size": "1GB",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "log_min_duration_statement": "1s",
    "log_min_error_statement": "panic",
    "log_checkpoints": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "timezone": "Asia/Seoul",
}


def settings_in(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", text, re.MULTILINE))


@pytest.fixture(params=["embedded", "packaged"])
def server_url(request):
    """A server that was started with the file."""
    with file_for_everybody("postgresql.conf", FILE.read_text()) as file:
        if request.param == "embedded":
            with embedded_server(f"config_file={file}") as server:
                yield server.uri()
        else:
            with packaged_server(f"config_file={file}") as url:
                yield url


def test_a_server_takes_every_setting(server_url):
    assert settings_in(FILE.read_text()).keys() == SETTINGS.keys()
    with closing(psycopg2.connect(server_url)) as connection:
        assert {name: value(connection, f"SHOW {name}") for name in SETTINGS} == SETTINGS
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert value(connection, f"SHOW {name}") == "on"


def config(tmp_path, *arguments):
    return manage("server-config", *arguments, home=tmp_path)


def test_four_gigabytes_are_the_file_as_it_is(tmp_path):
    assert settings_in(config(tmp_path, "--memory", "4GB").stdout) == settings_in(FILE.read_text())


def test_memory_and_cores_scale(tmp_path):
    printed = settings_in(config(tmp_path, "--memory", "64GB", "--cores", "16").stdout)
    expected = {
        "shared_buffers": "16GB",
        "effective_cache_size": "48GB",
        "work_mem": "256MB",
        "maintenance_work_mem": "2GB",
        "max_worker_processes": "16",
        "max_parallel_workers": "16",
    }
    assert printed == settings_in(FILE.read_text()) | expected


def test_more_workers_than_connections_are_refused(tmp_path):
    assert config(tmp_path, "--workers", "5").returncode == 0
    refused = config(tmp_path, "--workers", "6")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("tableorder: 6 workers × (5 + 10) and what else connects may need 103 connections")
    assert config(tmp_path, "--workers", "16", "--max-overflow", "0").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--memory", "4"],
        ["--memory", "GB"],
        ["--memory", "0GB"],
        ["--memory", "255MB"],
        ["--cores", "x"],
        ["--cores", "0"],
        ["--workers", "-9"],
        ["--pool-size", "0"],
        ["--max-overflow", "-1"],
    ],
)
def test_wrong_usage_is_a_2(tmp_path, arguments):
    assert config(tmp_path, *arguments).returncode == 2
