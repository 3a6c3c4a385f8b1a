"""bin/tableorder as a person meets it: on a terminal, in a shell, with mistakes."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tableorder.database.migrations import required_migrations
from tableorder.management.__main__ import _parser
from tests.management.running import CHECKOUT, environment, manage
from tests.terminal import CTRL_C, CTRL_D, Terminal

TABLEORDER = [sys.executable, "-m", "tableorder.management"]
AWAY = "postgresql://nobody:hush@127.0.0.1:1/nothing"


@pytest.fixture
def terminal(database_url, tmp_path):
    """Opens a terminal with a command of bin/tableorder's in it."""

    def open_(*arguments: str, **options) -> Terminal:
        return Terminal([*TABLEORDER, *arguments], env=environment(tmp_path, DATABASE_URL=database_url), **options)

    return open_


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Those that do something, not those that only lead to others."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield parser
    for group in groups:
        for below in group.choices.values():
            yield from commands(below)


# On a terminal


def test_migrations_are_a_table_on_a_terminal(terminal):
    with terminal("migration", "list") as opened:
        shown = opened.read_to_the_end()
        assert opened.status == 0
    assert shown.startswith("╭─") and "│ applied " in shown
    assert [name for name in required_migrations() if f"│ {name} " not in shown] == []
    assert "\x1b[" in opened.raw


def test_the_checklist_fits_a_narrow_terminal_and_has_colours(terminal):
    with terminal("check", columns=60) as opened:
        shown = opened.read_to_the_end()
        assert opened.status == 1  # there is no backup
    shown, _, said = shown.partition("tableorder: ")
    assert said.strip() == "failed: full backup"
    assert "Checking …" in shown  # while it lasted
    table = shown[shown.index("╭") :]
    assert max(map(len, table.splitlines())) == 60
    assert "\x1b[32mok" in opened.raw and "\x1b[33mwarning" in opened.raw
    assert shown.rstrip().endswith("╯") and opened.raw.count("\x1b[?25h") >= 1  # the cursor is back


@pytest.mark.parametrize(
    ("typed", "said"), [(CTRL_C, "interrupted"), (CTRL_D, "nothing was entered, and nothing was done")]
)
def test_who_leaves_at_the_question_is_let_go(terminal, typed, said):
    with terminal("store", "add", "--name", "가게", "--username", "leaves") as opened:
        opened.wait_for("Password of leaves: ")
        opened.type(typed)
        shown = opened.read_to_the_end()
        assert opened.status == 1
    assert shown.splitlines()[-1] == f"tableorder: {said}"
    assert "Traceback" not in shown


def test_elsewhere_there_are_plain_columns(shared_database_url, tmp_path):
    done = manage("migration", "list", home=tmp_path, DATABASE_URL=shared_database_url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and "\x1b" not in done.stdout
    assert all(line == line.rstrip() for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) == len(required_migrations()) + 1


# In a shell


@pytest.fixture(scope="module")
def shell_environment(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("shell")
    (folder / "tableorder").write_text("#!/bin/sh\n")
    (folder / "tableorder").chmod(0o755)
    for shell in ("bash", "zsh"):
        done = manage("completion", shell, home=folder)
        assert (done.returncode, done.stderr) == (0, "")
        (folder / shell).write_text(done.stdout)
    return environment(folder, HOME=str(folder), FOLDER=str(folder), PS1="ready> ")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("command", ["bin/tableorder", "$FOLDER/tableorder"])
def test_bash_completes(shell_environment, command):
    with Terminal(["bash", "--norc", "--noprofile", "-i"], env=shell_environment) as shell:
        shell.wait_for("ready> ")
        shell.type('source "$FOLDER/bash"; echo loa""ded\n')
        shell.wait_for("loaded")
        shell.type(f"{command} migration rol\t")
        shell.wait_for("migration rollback")
        shell.type("--fo\t")
        shell.wait_for("rollback --force")
        shell.type("\x15bin/tableorder comp\tzs\t")
        shell.wait_for("completion zsh")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_completes(shell_environment):
    with Terminal(["zsh", "-f", "-i"], env=shell_environment) as shell:
        shell.wait_for("ready> ")
        shell.type('autoload -U compinit; compinit -D; eval "$(cat $FOLDER/zsh)"; echo loa""ded\n')
        shell.wait_for("loaded")
        shell.type("bin/tableorder migration rol\t")
        shell.wait_for("migration rollback")


# Help


def test_every_command_has_examples_that_it_takes():
    found = list(commands(_parser()))
    assert len(found) > 12
    for command in found:
        _, _, examples = (command.epilog or "").partition("examples:\n")
        lines = [line.strip() for line in examples.splitlines()]
        assert lines, f"{command.prog} has none"
        for line in lines:
            for arguments in re.findall(r"bin/tableorder ([^|><)]*)", line):
                options = _parser().parse_args(shlex.split(arguments.replace('"', "")))
                assert options.run is command.get_default("run"), line


def test_all_that_prints_data_knows_json():
    without = {command.prog for command in commands(_parser()) if "--json" not in command.format_help()}
    assert without == {f"bin/tableorder {name}" for name in ("completion", "migration sql", "server-config")}


# Mistakes


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (AWAY, "Connection refused"),
        ("mysql://nobody:hush@127.0.0.1/nothing", "DATABASE_URL cannot be read"),
        ("postgresql://nobody:hush@[::1/nothing", "DATABASE_URL cannot be read"),
        ("postgresql://nobody:hush@127.0.0.1:port/nothing", "the port is not one"),
        ("postgresql://nobody:hu@sh-hush@127.0.0.1/nothing", "in the password, @ is written %40"),
        ("postgresql://nobody:hu/sh-hush@127.0.0.1/nothing", "in the password, @ is written %40"),
        ("postgresql+psycopg2://nobody:hush@127.0.0.1/nothing", "it must be like postgresql://"),
        ("postgresql://nobody:hush@127.0.0.1/nothing?pgbouncer=true", "libpq knows no parameter 'pgbouncer'"),
    ],
)
def test_a_url_that_leads_nowhere_is_one_line_without_the_password(tmp_path, url, said):
    done = manage("migrate", home=tmp_path, DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tableorder: ") and done.stderr.count("\n") == 1
    assert said in done.stderr and "hush" not in done.stderr


def test_a_role_that_may_not_log_in_is_one_line(shared_database_url, tmp_path):
    """As a wrong password would be, which the server of the tests does not ask for."""
    away = re.sub(r"//[^@]*@", "//tableorder_owner:hush@", shared_database_url)
    done = manage("check", home=tmp_path, DATABASE_URL=away)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tableorder: cannot connect to the database: ") and done.stderr.count("\n") == 1
    assert "hush" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("WEB_CONCURRENCY", "many"), ("DATABASE_POOL_SIZE", "0"), ("TIME_ZONE", "Moon/Sea")]
)
def test_a_setting_that_cannot_be_is_named_by_the_checklist(shared_database_url, tmp_path, name, value):
    done = manage("check", home=tmp_path, DATABASE_URL=shared_database_url, **{name: value})
    assert done.returncode == 1
    assert name in done.stdout + done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("migration", "new", "a b"), "'a b' is not two words or more with hyphens between them, as in add-menu-tags"),
        (("server-config", "--memory", "8"), "'8' is not a size in MB, GB or TB, as in 8GB"),
        (("table", "add", "--username", "demo", "--number", "x"), "'x' is not a whole number from 1 to 2147483647"),
    ],
)
def test_an_argument_that_cannot_be_is_told_what_could(tmp_path, arguments, said):
    done = manage(*arguments, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f": {said}\n")


@pytest.mark.parametrize(("output", "said"), [("| true", ""), (">/dev/full", "tableorder: No space left on device\n")])
def test_output_that_nobody_takes_is_no_traceback(tmp_path, output, said):
    command = f"{shlex.join(TABLEORDER)} migration sql {output}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=CHECKOUT, env=environment(tmp_path), capture_output=True, text=True
    )
    assert done.stderr == said


def test_the_server_processes_do_without_what_is_for_people(tmp_path):
    settings = environment(tmp_path, DATABASE_URL=AWAY, JWT_SECRET_KEY="x" * 32)
    program = (
        "import sys, wsgi, tableorder.stream.asgi; print({'rich', 'shtab', 'tableorder.management'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, env=settings, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
