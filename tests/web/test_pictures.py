"""The program that converts a picture is bounded before it reads a byte of it."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tableorder.domain.image_conversion import MEMORY, SECONDS
from tableorder.web.pictures import COMMAND, ENVIRONMENT
from tests.waiting import until


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not show what a process may take")
def test_the_program_is_bounded_in_memory_and_time_and_the_first_to_go():
    program = subprocess.Popen(
        [*COMMAND, "PNG"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    until(lambda: Path(f"/proc/{program.pid}/oom_score_adj").read_text() == "1000\n")
    started = psutil.Process(program.pid)
    assert [started.rlimit(kind)[1] for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)] == [
        MEMORY, SECONDS, 0,
    ]  # fmt: skip
    assert started.environ().keys() <= {"PYTHONPATH", "LC_CTYPE"}
    reason, problems = program.communicate(b"", timeout=60)
    assert (program.returncode, problems) == (3, b"") and reason.startswith(b"must ")
