"""The measurements run; what they measure is not judged here."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.deploy.front import NGINX
from tests.management.running import CHECKOUT

pytestmark = pytest.mark.long

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk: apt install wrk")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.bench", *arguments], cwd=CHECKOUT, capture_output=True, text=True
    )


@needs_wrk
def test_the_api_can_be_measured_against_its_limits():
    size = ["--rounds", "1", "--seconds", "1", "--stores", "1"]
    result = bench("--json", *size, "--workloads", "order", "--against", "floor", "round-trip", "limit")
    assert result.returncode == 0, result.stderr
    figures = {row["service"]: row for row in json.loads(result.stdout)}
    assert figures.keys() == {"tableorder", "floor", "round-trip", "limit"}
    assert all(row["errors"] == 0 and row["rate"] > 0 for row in figures.values())
    assert figures["floor"]["database_cpu"] < figures["tableorder"]["database_cpu"]


def test_without_wrk_it_says_what_to_install(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "tests.bench", "api"],
        cwd=CHECKOUT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "apt install wrk" in result.stderr and "Traceback" not in result.stderr


def test_the_live_feed_can_be_measured():
    size = ["--streams", "40", "--stores", "4", "--rate", "20", "--seconds", "1"]
    figures = json.loads(bench("--json", "stream", *size).stdout)
    assert figures["events sent to all streams of a store"] == 20
    assert figures["events missed"] == 0


def test_a_large_history_can_be_backed_up_and_restored():
    command = [sys.executable, "-m", "tests.bench", "--json", "backup", "--rows", "1000"]
    figures = json.loads(subprocess.check_output(command, cwd=CHECKOUT, text=True))
    assert figures["rows of history"] == 1000
    assert figures["restore (s)"] > 0


@pytest.mark.skipif(NGINX is None, reason="needs nginx: apt install nginx")
def test_a_menu_with_pictures_can_be_measured_in_each_form():
    result = bench("--json", "menus-pictures", "--dishes", "2")
    assert result.returncode == 0, result.stderr
    visits = {(visit["form"], visit["occasion"]): visit["bytes"] for visit in json.loads(result.stdout)}
    assert len(visits) == 6
    assert visits["old, not converted", "first visit"] > visits["old", "first visit"]
    assert visits["old", "after one change"] > visits["new", "after one change"]
