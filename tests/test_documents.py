"""Every command in the documents is run by a test, or it is said here why not; and what they refer to is there.

A new document, block or command that nobody has thought of fails.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from tableorder.management.__main__ import _parser
from tableorder.schemas.streams import ADMIN_EVENTS
from tests.documents import DOCUMENTS, NEEDS_SYSTEMD, blocks, commands, section
from tests.management.running import CHECKOUT

# Where the blocks are typed in as they stand: a document, or one section of it.
TYPED_IN = {
    ("README.md", "A meal"): "tests/test_readme.py::test_the_meal_can_be_had_as_written",
    ("README.md", "An order with options"): (
        "tests/test_readme.py::test_the_order_with_options_can_be_placed_as_written"
    ),
    ("docs/api-guide.md", ""): "tests/test_readme.py::test_the_guides_commands_do_what_it_says",
    ("docs/operations.md", ""): "tests/test_operations.py::test_looking_at_it_finds_nothing_wrong",
    ("docs/point-in-time-recovery.md", ""): "tests/recovery/test_point_in_time.py::test_back_to_a_time",
}

# What is run elsewhere, with arguments or files of the test's own.
COVERED = {
    "bin/serve": "tests/management/test_serve.py::test_it_serves_and_stops_all_that_it_started",
    "bin/tableorder store add --name '우리 식당' --username owner": (
        "tests/management/test_commands.py::test_a_restaurant_is_opened_from_the_command_line_while_bin_serve_runs"
    ),
    "bin/tableorder table add --username owner --number 1": (
        "tests/management/test_commands.py::test_a_restaurant_is_opened_from_the_command_line_while_bin_serve_runs"
    ),
    "bin/tableorder status": "tests/management/test_commands.py::test_a_password_in_the_url_is_not_shown",
    "bin/tableorder check": "tests/management/test_check.py::test_a_table_for_people",
    "bin/tableorder pictures convert": (
        "tests/management/test_pictures.py::test_each_picture_is_converted_once_and_what_cannot_be_read_is_left"
    ),
    'eval "$(bin/tableorder completion bash)"': "tests/management/test_terminal.py::test_bash_completes",
    "bin/backup-db": "tests/backups/test_backup.py::test_a_backup_is_four_files_for_its_owner_alone",
    "bin/verify-backup [FILE]": "tests/backups/test_verify.py::test_the_newest_is_verified_and_that_is_noted",
    "bin/restore-db FILE [--force]": "tests/backups/test_restore.py::test_newer_rows_are_not_replaced_without_force",
    "age-keygen -o /etc/tableorder/backup-key": "tests/backups/test_guide.py::test_the_settings_of_the_guide_encrypt",
    'runuser -u postgres -- psql --set ON_ERROR_STOP=1 --quiet --file - <"$file.roles"': (
        "tests/backups/test_guide.py::test_a_new_server_gets_roles_database_and_rows_by_the_guide"
    ),
    "runuser -u postgres -- psql --command '\\password tableorder_admin'": (
        "tests/backups/test_guide.py::test_a_new_server_gets_roles_database_and_rows_by_the_guide"
    ),
    "runuser -u postgres -- bin/create-db": (
        "tests/management/test_create_db.py::test_a_server_that_is_where_libpq_looks_need_not_be_named"
    ),
    "runuser -u postgres -- createuser --createdb --pwprompt -g tableorder_owner -g tableorder -g pg_monitor "
    "tableorder_admin": (
        "tests/deploy/test_installation.py::test_its_roles_and_settings_are_enough_for_the_processes_and_the_commands"
    ),
    "bin/tableorder migrate": (
        "tests/deploy/test_installation.py::test_its_roles_and_settings_are_enough_for_the_processes_and_the_commands"
    ),
    "bin/tableorder migrate &&": (
        "tests/deploy/test_upgrade.py::test_new_versions_come_in_under_load_and_nobody_notices"
    ),
    "curl -fsS http://127.0.0.1:8000/health/ready && bin/tableorder check": (
        "tests/management/test_check.py::test_a_good_installation_is_well"
    ),
}

CHANGES_THE_MACHINE = "changes the machine, for good; test_installation.py does what it can without"

# What cannot be run by a test, and why.
NOT_RUN = {
    "bin/test": "it is what runs this",
    "cd /opt/tableorder": "where an installation is",
    "apt-get install --yes curl git nginx postgresql python3-venv": CHANGES_THE_MACHINE,
    "useradd --system --home-dir /opt/tableorder --shell /usr/sbin/nologin tableorder": CHANGES_THE_MACHINE,
    'git clone "${repository:?where the code is}" /opt/tableorder': CHANGES_THE_MACHINE,
    "bin/setup embedded": "bin/test does it",
    "mkdir -p /etc/tableorder/tls": CHANGES_THE_MACHINE,
    "cp sql/postgresql.conf /etc/postgresql/15/main/conf.d/tableorder.conf": (
        "changes the machine; tests/management/test_server_config.py starts a server with it"
    ),
    "systemctl restart postgresql": "needs systemd",
    "chgrp tableorder /etc/tableorder /etc/tableorder/environment /etc/tableorder/administration": CHANGES_THE_MACHINE,
    "chmod 0640 /etc/tableorder/environment /etc/tableorder/administration": CHANGES_THE_MACHINE,
    "chmod 0750 /etc/tableorder": CHANGES_THE_MACHINE,
    "set -a; . /etc/tableorder/environment; . /etc/tableorder/administration": "reads an installation's settings",
    "install -d -m 0700 -o tableorder -g tableorder /backups/postgresql": CHANGES_THE_MACHINE,
    "chgrp tableorder /etc/tableorder/backup-key": CHANGES_THE_MACHINE,
    "chmod 0640 /etc/tableorder/backup-key": CHANGES_THE_MACHINE,
    "install -d -m 0700 -o tableorder -g tableorder /srv/backups": CHANGES_THE_MACHINE,
    "mkdir -p /etc/systemd/system/tableorder-backup.service.d /etc/systemd/system/tableorder-verify-backup.service.d": (
        CHANGES_THE_MACHINE
    ),
    "printf '[Service]\\nReadWritePaths=/srv/backups\\n' "
    ">/etc/systemd/system/tableorder-backup.service.d/folder.conf": CHANGES_THE_MACHINE,
    "cp /etc/systemd/system/tableorder-backup.service.d/folder.conf "
    "/etc/systemd/system/tableorder-verify-backup.service.d/": CHANGES_THE_MACHINE,
    "cp deploy/systemd/tableorder-api.service deploy/systemd/tableorder-stream.service /etc/systemd/system/": (
        CHANGES_THE_MACHINE
    ),
    "cp deploy/systemd/tableorder-backup.* deploy/systemd/tableorder-verify-backup.service /etc/systemd/system/": (
        CHANGES_THE_MACHINE
    ),
    "systemctl daemon-reload": "needs systemd",
    "systemctl enable --now tableorder-api tableorder-stream tableorder-backup.timer": "needs systemd",
    'openssl req -x509 -newkey rsa:2048 -nodes -days 7 -subj "/CN=${name:?of the service}" '
    "-keyout /etc/tableorder/tls/privkey.pem -out /etc/tableorder/tls/fullchain.pem": (
        "changes the machine; tests/deploy/test_installation.py runs it elsewhere"
    ),
    'sed "s/tableorder\\.example/${name:?of the service}/" deploy/nginx.conf >/etc/nginx/conf.d/tableorder.conf': (
        "changes the machine; tests/deploy/test_installation.py runs it elsewhere"
    ),
    "apt-get install --yes certbot": CHANGES_THE_MACHINE,
    "mkdir -p /var/www/tableorder": CHANGES_THE_MACHINE,
    'certbot certonly --webroot --webroot-path /var/www/tableorder --domain "${name:?of the service}" '
    """--deploy-hook 'cd "$RENEWED_LINEAGE" && install -m 0600 fullchain.pem privkey.pem /etc/tableorder/tls/ """
    "&& systemctl reload nginx'": "needs a name; tests/deploy/test_nginx.py asks as Let's Encrypt does",
    "openssl x509 -noout -enddate -in /etc/tableorder/tls/fullchain.pem": "reads an installation's certificate",
    "rm -f /etc/nginx/sites-enabled/default": CHANGES_THE_MACHINE,
    "nginx -t && systemctl reload nginx": "needs systemd",
    "systemctl start tableorder-backup": "needs systemd; tests/backups/ take backups",
    'curl -fsS "https://${name:?of the service}/health/ready"': "needs a name; tests/deploy/test_nginx.py asks",
    "git fetch --tags && git checkout v1.3.0 && bin/setup embedded &&": (
        "a version to come; the upgrade's test copies files"
    ),
    "journalctl -u tableorder-api -u tableorder-stream -o cat --since -15min "
    '| grep -E \'"level": "(warning|error)"\'': "needs systemd; tests/api/test_logs.py reads the lines",
    "systemctl status 'postgresql@*'": "needs systemd",
    "journalctl -u 'postgresql@*' --since -15min": "needs systemd",
    "systemctl restart tableorder-stream": "needs systemd; tests/api/test_stream_faults.py restarts it",
    "systemctl restart tableorder-api tableorder-stream": "needs systemd",
    "systemctl stop tableorder-api tableorder-stream": "needs systemd",
    "bin/setup embedded && systemctl restart tableorder-api tableorder-stream": (
        "needs systemd; tests/management/test_setup.py makes the environment anew"
    ),
    "systemctl start tableorder-api tableorder-stream": "needs systemd",
    "systemctl reload tableorder-api tableorder-stream": (
        "needs systemd as the first process; the upgrade's test runs what the units say for a reload"
    ),
    "git checkout v1.2.0 && bin/setup embedded && systemctl reload tableorder-api tableorder-stream": (
        "see the two above"
    ),
}


def typed_in() -> set[str]:
    found: set[str] = set()
    for name, heading in TYPED_IN:
        for block in blocks(section(DOCUMENTS[name], heading)):
            found |= set() if NEEDS_SYSTEMD.search(block) else set(commands(block))
    return found


def all_commands(text: str) -> list[str]:
    return [command for block in blocks(text) for command in commands(block)]


def mentioned() -> Iterator[tuple[str, str]]:
    """The commands of ours in blocks and in running text, each with its document."""
    for name, text in DOCUMENTS.items():
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        for code in [*all_commands(text), *re.findall(r"`([^`]+)`", prose)]:
            for command in re.findall(r"(?<![\w./])(bin/[^|><&)]+)", " ".join(code.split())):
                yield name, command.strip()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_is_run_or_said_why_not(name):
    known = typed_in() | set(COVERED) | set(NOT_RUN)
    assert [command for command in all_commands(DOCUMENTS[name]) if command not in known] == []


def test_the_lists_name_only_what_is_there():
    found = {command for text in DOCUMENTS.values() for command in all_commands(text)}
    assert {*COVERED, *NOT_RUN} <= found
    named = [*TYPED_IN.values(), *COVERED.values()]
    missing = [test for test in named if f"def {test.split('::')[1]}(" not in source(test.split("::")[0])]
    assert missing == []


def test_each_block_of_the_recovery_is_followed():
    text, followed = DOCUMENTS["docs/point-in-time-recovery.md"], source("tests/recovery/test_point_in_time.py")
    sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    steps = [(s.splitlines()[0], number) for s in sections for number, _ in enumerate(blocks(s))]
    assert len(steps) > 6
    assert [step for step in steps if f'cluster.follow("{step[0]}", {step[1]}' not in followed] == []


def test_every_command_of_ours_that_is_mentioned_can_be_given():
    """The scripts exist; bin/tableorder's arguments are ones that it takes, the others' options ones that they know."""
    found = set(mentioned())
    assert len(found) > 40
    for name, command in sorted(found):
        script, *arguments = shlex.split(re.sub(r"[\[\]]", "", command))
        assert (CHECKOUT / script).is_file(), (name, command)
        if script == "bin/tableorder" and arguments:
            options = _parser().parse_args(arguments)
            assert options.run, (name, command)
        else:
            known = sources_of(script)
            unknown = [option for option in arguments if option.startswith("--") and f'"{option}"' not in known]
            assert [option for option in unknown if option != "--help"] == [], (name, command)


def test_every_link_leads_somewhere():
    for name, text in DOCUMENTS.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not target.startswith(("http://", "https://", "#")):
                assert (CHECKOUT / name).parent.joinpath(target.split("#")[0]).is_file(), (name, target)


def source(file: str) -> str:
    return (CHECKOUT / file).read_text()


def sources_of(script: str) -> str:
    """The module or package of ours that the script runs."""
    module = re.search(r"-m ([\w.]+)", source(script))
    if module is None:
        return ""
    path = CHECKOUT.joinpath(*module[1].split("."))
    return "".join(file.read_text() for file in [*path.glob("*.py"), *path.parent.glob(f"{path.name}.py")])


def test_the_guide_follows_every_event():
    """A browser drops an event whose type nobody listens to. `goodbye` is followed by an error, which is handled."""
    guide = (CHECKOUT / "docs" / "api-guide.md").read_text()
    [types] = re.findall(r"for \(const type of \[(.*?)\]\)", guide, re.DOTALL)
    assert set(re.findall(r'"(\w+)"', types)) == set(ADMIN_EVENTS) - {"goodbye"}
    listed = guide.partition("**Follow the feed.**")[2].partition("(A tablet's feed")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(ADMIN_EVENTS) - {"goodbye"}
