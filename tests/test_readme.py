"""The README's walk through a meal, typed in as it stands."""

import re
import shutil
import subprocess

import pytest

from tests.management.running import CHECKOUT, Serve

README = (CHECKOUT / "README.md").read_text()


@pytest.mark.timeout(180)
@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_meal_can_be_had_as_written(tmp_path):
    walk = README.split("## A meal")[1].split("\n## ")[0]
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", walk, re.DOTALL))
    serve = Serve(tmp_path / "home", tmp_path / "log").wait_until_ready()
    try:
        meal = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            env={"PATH": "/usr/bin:/bin", "PORT": str(serve.port), "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
        )
    finally:
        assert serve.stop() == 0
    assert (meal.returncode, meal.stderr) == (0, "")
    for expected in ('"menu_name": "김치찌개"', '"total_amount": 18000', '"status": "완료"', '"session_total": 18000'):
        assert expected in meal.stdout


def test_every_setting_is_in_the_readme():
    config = (CHECKOUT / "tableorder" / "config.py").read_text()
    names = set(re.findall(r'read\.\w+\("([A-Z_]+)"', config))
    assert len(names) > 15
    assert {name for name in names if f"`{name}`" not in README} == set()


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
