"""The systemd units and the crontab, as systemd itself reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from datetime import datetime
from pathlib import Path

import pytest

from tests.management.running import CHECKOUT

UNITS = sorted((CHECKOUT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
CRONTAB = (CHECKOUT / "deploy" / "crontab").read_text()
MOST_EXPOSED = 2.0  # of 10; below that systemd says "OK"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with programs that are there in the places that they name."""
    for unit in UNITS:
        text = unit.read_text()
        for program in re.findall(r"^Exec\w+=(\S+)", text, re.MULTILINE):
            text = text.replace(program, "/bin/true")
        (tmp_path / unit.name).write_text(
            text.replace("User=tableorder", "User=root").replace("User=postgres", "User=root")
        )
    return tmp_path


@needs_systemd
def test_systemd_finds_no_fault_with_the_units(installed):
    checked = analyze("verify", *sorted(installed.iterdir()))
    faults = [line for line in checked.stderr.splitlines() if "tableorder" in line]
    assert (checked.returncode, faults) == (0, [])


@needs_systemd
def test_a_backup_is_taken_every_night_at_two(tmp_path):
    [when] = re.findall(
        r"^OnCalendar=(.*)$", (CHECKOUT / "deploy/systemd/tableorder-backup.timer").read_text(), re.MULTILINE
    )
    shown = analyze("calendar", "--base-time=2026-05-30 03:00:00 UTC", "--iterations=40", when)
    assert shown.returncode == 0, shown.stderr
    times = re.findall(r"(?:elapse|#\d+): \w+ (\d+-\d+-\d+ \d+:\d+:\d+) UTC", shown.stdout)
    days = [datetime.fromisoformat(time) for time in times]
    assert len(days) >= 39 and {(day.hour, day.minute) for day in days} == {(17, 0)}  # two o'clock in Seoul
    seoul = {(day.date().toordinal() + 1) for day in days}
    assert len(seoul) == len(days)
    assert datetime(2026, 5, 31).toordinal() in seoul  # a Sunday
    assert datetime(2026, 6, 1).toordinal() in seoul  # a 1st


def test_a_verification_follows_each_backup():
    assert (
        "OnSuccess=tableorder-verify-backup.service"
        in (CHECKOUT / "deploy/systemd/tableorder-backup.service").read_text()
    )
    [line] = [line for line in CRONTAB.splitlines() if line.startswith("0 2 * * * ")]
    assert re.search(r"bin/backup-db .*&& bin/verify-backup", line)


def test_the_administrators_password_is_for_the_backups_alone():
    files = "/etc/tableorder/environment", "/etc/tableorder/administration"
    assert all(f". {file};" in CRONTAB for file in files)
    for unit in SERVICES:
        told = re.findall(r"^EnvironmentFile=(.*)$", unit.read_text(), re.MULTILINE)
        if "backup" in unit.name:
            assert told == [*files]
        elif "receivewal" not in unit.name:
            assert told == [files[0]] and "\nInaccessiblePaths=/etc/tableorder\n" in unit.read_text()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("A=1\n\n# said\n; said\n  B_2='x y'\nC=\n", 0),
        ("", 0),
        ("A=1\nexport BACKUP_ENCRYPT_COMMAND='age …'\n", 1),
        ("A=1 \\\n  and so on\n", 1),
        ("A=1\nBACKUP_ENCRYPT_COMMAND = age\n", 1),
        ("\nset -a\n", 1),
    ],
)
def test_a_line_that_systemd_would_ignore_is_a_failure(tmp_path, text, status):
    good, file = tmp_path / "good", tmp_path / "environment"
    good.write_text("A=1\n")
    file.write_text(text)
    done = subprocess.run(["deploy/check-environment", good, file], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == status
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [f"{file}, line 2"] * status
    assert "age" not in done.stderr


def test_the_backups_units_look_for_such_lines_first():
    for name in ("backup", "verify-backup"):
        unit = (CHECKOUT / f"deploy/systemd/tableorder-{name}.service").read_text()
        files = " ".join(re.findall(r"^EnvironmentFile=(.*)$", unit, re.MULTILINE))
        assert f"\nExecStartPre=/opt/tableorder/deploy/check-environment {files}\nExecStart=" in unit


def test_every_command_is_there():
    commands = {name for unit in UNITS for name in re.findall(r"=/opt/tableorder/(bin/\S+)", unit.read_text())}
    assert commands == {"bin/backup-db", "bin/verify-backup"}
    assert all(
        (CHECKOUT / command).exists()
        for command in commands | set(re.findall(r"bin/[a-z-]+db\b|bin/verify-backup", CRONTAB))
    )
    starts = [re.search(r"^ExecStart=\S+/gunicorn (.*)$", unit.read_text(), re.MULTILINE) for unit in SERVICES]
    procfile = (CHECKOUT / "Procfile").read_text()
    assert all(f"gunicorn {start[1]}\n" in procfile for start in starts if start)
    assert sum(start is not None for start in starts) == 2


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_service_may_do_little(unit):
    shown = analyze("security", "--offline=true", f"--threshold={round(MOST_EXPOSED * 10)}", unit)
    assert shown.returncode == 0, shown.stdout[-2000:]


LASTING = [unit for unit in SERVICES if "Restart=always" in unit.read_text()]


@pytest.mark.parametrize("unit", LASTING, ids=lambda unit: unit.stem)
def test_what_is_to_run_always_is_started_again_however_often_it_has_failed(unit):
    """systemd gives up after five starts in ten seconds, unless its own section says otherwise."""
    sections = ConfigParser(strict=False, interpolation=None)
    sections.optionxform = str
    sections.read(unit)
    assert sections["Unit"]["StartLimitIntervalSec"] == "0"
    assert float(sections["Service"]["RestartSec"]) >= 1  # so that it does not spin


def test_the_api_and_the_feed_are_to_run_always():
    assert {"tableorder-api", "tableorder-stream"} <= {unit.stem for unit in LASTING}
