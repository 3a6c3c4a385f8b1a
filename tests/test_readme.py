"""The README's walk through a meal and the API guide's commands, typed in as they stand."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.management.running import CHECKOUT, Serve

README = (CHECKOUT / "README.md").read_text()


@pytest.fixture(scope="module")
def serve(tmp_path_factory) -> Iterator[Serve]:
    folder = tmp_path_factory.mktemp("serve")
    running = Serve(folder / "home", folder / "log").wait_until_ready()
    try:
        yield running
    finally:
        assert running.stop() == 0


def type_in(text: str, serve: Serve, folder: Path) -> str:
    """What all of the text's commands print, typed in as they stand."""
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    environment = {"PATH": "/usr/bin:/bin", "PORT": str(serve.port), "LANG": "C.UTF-8"}
    typed = ["bash", "-euo", "pipefail", "-c", commands]
    told = subprocess.run(typed, cwd=folder, env=environment, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")
    return told.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_meal_can_be_had_as_written(serve, tmp_path):
    meal = type_in(README.split("## A meal")[1].split("\n## ")[0], serve, tmp_path)
    for expected in ('"menu_name": "김치찌개"', '"total_amount": 18000', '"status": "완료"', '"session_total": 18000'):
        assert expected in meal


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_order_with_options_can_be_placed_as_written(serve, tmp_path):
    meal, options = (
        README.split(f"## {heading}")[1].split("\n## ")[0] for heading in ("A meal", "An order with options")
    )
    told = type_in(meal.split("The guests order")[0] + options, serve, tmp_path)
    for expected in (
        '"code": "quote_mismatch"',
        '"total": 12500',
        '"unit_price": 12500',
        "아주 매운맛",
        "파 빼고",
        "갈비탕",
    ):
        assert expected in told


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_guides_commands_do_what_it_says(serve, tmp_path):
    told = type_in((CHECKOUT / "docs" / "api-guide.md").read_text(), serve, tmp_path)
    status, picture, name, order_id, repeat, *_ = told.splitlines()
    assert status == "304" and order_id == repeat and order_id.isdigit()
    assert picture.startswith("/api/v1/pictures/") and name.isascii()
    for expected in ('"status": "완료"', "\n18\n", "잘못된 주문", "the session is over", "no_active_session"):
        assert expected in told
    for expected in (
        "창가 태블릿",
        "직원 호출",
        "approval_required",
        '"total_count" : ',
        '"taken_by": "minji"',
        '"closed_by": "minji"',
        "token_revoked",
    ):
        assert expected in told


def test_the_korean_readme_is_in_step():
    """The same sections, commands, settings and links; only the words differ."""
    korean = (CHECKOUT / "README.ko.md").read_text()
    for part in (
        r"^##? ",
        r"^\| (`.+?`) \|",
        r"\]\((docs/[^)]+|C[A-Z]+\.md)\)",
        r"^```\w+$",
    ):
        ours, theirs = (sorted(re.findall(part, text, re.MULTILINE)) for text in (README, korean))
        assert ours == theirs, part
    assert commands_of(README) == commands_of(korean)


def commands_of(text: str) -> list[str]:
    """What is to be typed, without comments."""
    blocks = re.findall(r"```(?:sh|js)\n(.*?)```", text, re.DOTALL)
    return [re.sub(r" +# .*", "", block) for block in blocks]
