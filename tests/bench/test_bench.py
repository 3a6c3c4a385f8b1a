"""The measurements run; what they measure is not judged here."""

import json
import subprocess
import sys

from tests.management.running import CHECKOUT


def test_the_live_feed_can_be_measured():
    command = [sys.executable, "-m", "tests.bench", "--json", "stream"]
    size = ["--streams", "40", "--stores", "4", "--rate", "20", "--seconds", "1"]
    figures = json.loads(subprocess.check_output([*command, *size], cwd=CHECKOUT, text=True))
    assert figures["events sent to all streams of a store"] == 20
    assert figures["events missed"] == 0


def test_a_large_history_can_be_backed_up_and_restored():
    command = [sys.executable, "-m", "tests.bench", "--json", "backup", "--rows", "1000"]
    figures = json.loads(subprocess.check_output(command, cwd=CHECKOUT, text=True))
    assert figures["rows of history"] == 1000
    assert figures["restore (s)"] > 0
