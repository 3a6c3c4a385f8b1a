"""bin/setup: what it says when it cannot do its work, and that it does it once."""

import subprocess

import pytest

from tests.management.running import CHECKOUT


def setup(path, venv, *arguments):
    environment = {"PATH": f"{path}:/usr/bin:/bin", "TABLEORDER_VENV": str(venv)}
    return subprocess.run(
        ["bin/setup", *arguments], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def old_pythons(tmp_path):
    """A PATH on which every Python is too old."""
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (tmp_path / name).write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_a_python_that_is_too_old_is_named(old_pythons, tmp_path):
    result = setup(old_pythons, tmp_path / "venv", "embedded")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "bin/setup: needs Python 3.11 or newer; found Python 3.9.2\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    result = setup("/usr/bin", tmp_path / "file" / "venv", "embedded")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"bin/setup: cannot write to {tmp_path}/file/venv")


def test_an_extra_that_cannot_be_is_named(tmp_path):
    result = setup("/usr/bin", tmp_path / "venv", "--quick")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "bin/setup: there is no EXTRA --quick; see bin/setup --help\n"


def test_what_was_installed_for_more_is_enough_for_less(old_pythons, tmp_path):
    (tmp_path / "venv").mkdir()
    wanted = 'echo "$(cat setup.cfg pyproject.toml | cksum) $(pwd)"'
    stamp = tmp_path / "venv" / "installed-for-embedded-test"
    stamp.write_text(subprocess.check_output(["sh", "-c", wanted], cwd=CHECKOUT, text=True))
    for extras in ((), ("embedded",), ("test", "embedded")):
        assert setup(old_pythons, tmp_path / "venv", *extras).returncode == 0
    for extras in (("lint",), ("embed",), ("embedded", "lint", "test")):
        assert "needs Python 3.11" in setup(old_pythons, tmp_path / "venv", *extras).stderr
    stamp.write_text("of another setup.cfg\n")
    assert "needs Python 3.11" in setup(old_pythons, tmp_path / "venv", "embedded").stderr


@pytest.mark.parametrize("name", ["setup", "serve", "test", "lint", "tableorder", "create-db"])
def test_every_script_explains_itself(name):
    result = subprocess.run([f"bin/{name}", "--help"], cwd=CHECKOUT, capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.startswith(f"usage: bin/{name}")
