"""bin/setup: what it says when it cannot do its work, and that it does it once."""

import configparser
import os
import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    wanted = 'echo "$(cat setup.cfg pyproject.toml constraints.txt | cksum) $(pwd)"'
    stamp = tmp_path / "venv" / "installed-for-embedded-test"
    stamp.write_text(subprocess.check_output(["sh", "-c", wanted], cwd=CHECKOUT, text=True))
    for extras in ((), ("embedded",), ("test", "embedded")):
        assert setup(old_pythons, tmp_path / "venv", *extras).returncode == 0
    for extras in (("lint",), ("embed",), ("embedded", "lint", "test")):
        assert "needs Python 3.11" in setup(old_pythons, tmp_path / "venv", *extras).stderr
    stamp.write_text("of another setup.cfg\n")
    assert "needs Python 3.11" in setup(old_pythons, tmp_path / "venv", "embedded").stderr


@pytest.mark.parametrize("case", ["removed", "upgraded"])
def test_an_environment_whose_python_was_upgraded_or_removed_is_made_anew(old_pythons, tmp_path, case):
    """As when the distribution goes from one Python to the next: the folder of the packages is another one then."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    stamp = subprocess.check_output(
        ["sh", "-c", 'echo "$(cat setup.cfg pyproject.toml constraints.txt | cksum) $(pwd)"'], cwd=CHECKOUT, text=True
    )
    (venv / "installed-for-embedded").write_text(stamp)
    assert setup(old_pythons, venv, "embedded").returncode == 0
    if case == "removed":
        for name in ("python", "python3"):
            (venv / "bin" / name).unlink()
            (venv / "bin" / name).symlink_to(tmp_path / "no longer there")
    else:
        [packages] = (venv / "lib").iterdir()
        packages.rename(packages.with_name("python3.0"))
    assert "needs Python 3.11" in setup(old_pythons, venv, "embedded").stderr
    # With the packages themselves out of reach it is made anew, and says so.
    environment = {**os.environ, "TABLEORDER_VENV": str(venv), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    environment.pop("PIP_FIND_LINKS", None)
    made = subprocess.run(["bin/setup", "embedded"], cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    assert made.returncode == 1
    assert made.stderr.startswith(f"Making the virtual environment {venv} …\n")
    assert subprocess.run([venv / "bin" / "python", "-c", "import pip"]).returncode == 0
    assert list(venv.glob("installed-for-*")) == []


# The lock


def lock(*arguments):
    done = subprocess.run([sys.executable, "bin/lock", *arguments], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def releases(text):
    return {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def test_the_lock_has_what_the_ranges_ask_for():
    setup_cfg = configparser.ConfigParser()
    setup_cfg.read(CHECKOUT / "setup.cfg")
    extras = setup_cfg["options.extras_require"]
    wanted = {extra: text.split("\n") for extra, text in extras.items()}
    wanted[""] = setup_cfg["options"]["install_requires"].split("\n")
    for extra, lines in wanted.items():
        shown = lock("--show", *([extra] if extra else []))
        pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", shown, re.MULTILINE))
        for requirement in map(Requirement, filter(None, lines)):
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement
    assert releases(lock("--show")) < releases(lock("--show", "embedded")) < releases(lock("--show", *extras))


def test_the_lock_has_hashes_of_every_file_and_no_place_to_get_them():
    text = (CHECKOUT / "constraints.txt").read_text()
    blocks = [block for block in re.split(r"^# for .*\n", text, flags=re.MULTILINE)[1:] if block]
    assert len(blocks) > 100
    assert all(
        re.fullmatch(r"[\w.-]+==\S+(?: ; [^\n\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n", block)
        for block in blocks
    )
    assert "://" not in text
    assert set(re.findall(r"(?<!\S)--?[A-Za-z][\w-]*", text)) == {"--hash"}  # of pip's options no other
    [psycopg2] = [block for block in blocks if block.startswith("psycopg2-binary==")]
    assert psycopg2.count("--hash") > 20  # Linux on two processors, macOS, Windows, of each Python


@pytest.mark.parametrize("name", ["setup", "serve", "test", "lint", "tableorder", "create-db", "lock"])
def test_every_script_explains_itself(name):
    result = subprocess.run([f"bin/{name}", "--help"], cwd=CHECKOUT, capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.startswith(f"usage: bin/{name}")
