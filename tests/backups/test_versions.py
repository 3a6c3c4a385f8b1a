"""Programs and servers of different versions, and extensions that are not everywhere."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2
import pytest

from tableorder.backups.files import Backup
from tableorder.database.migrations import apply_pending
from tableorder.database.programs import version_of
from tests.backups.commands import EMBEDDED, Commands
from tests.backups.meals import serve_meals
from tests.backups.test_verify import alter_manifest
from tests.database.embedded import embedded_server, url_of
from tests.database.packaged import VERSIONS, packaged_server
from tests.factories import query, value

pytestmark = [
    pytest.mark.skipif(not VERSIONS, reason="needs a packaged PostgreSQL"),
    pytest.mark.skipif(
        bool(VERSIONS) and version_of(VERSIONS[-1] / "psql")[0] >= version_of(EMBEDDED / "psql")[0],
        reason="needs a packaged PostgreSQL that is older than the embedded one",
    ),
]

USUAL = "/usr/bin:/bin"
ADMINISTRATOR = "CREATE ROLE deployer LOGIN CREATEDB CREATEROLE"


@pytest.fixture(scope="module")
def packaged() -> Iterator[str]:
    with packaged_server("shared_preload_libraries=pg_stat_statements") as url:
        yield url


@pytest.fixture(scope="module")
def embedded() -> Iterator[str]:
    with embedded_server() as server:
        yield server.uri()


@pytest.fixture
def database(packaged: str, embedded: str) -> Iterator[Callable[..., str]]:
    """Makes a database on either server; the URL of it."""
    with ExitStack() as made:

        def database_(server: str, *, is_empty: bool = False) -> str:
            name = f"skew_{secrets.token_hex(6)}"
            url = packaged if server == "packaged" else embedded
            run(url, f"CREATE DATABASE {name} TEMPLATE template0")
            made.callback(run, url, f"DROP DATABASE {name} WITH (FORCE)")
            of_it = url_of(url, name)
            if not is_empty:
                apply_pending(of_it)
                with closing(psycopg2.connect(of_it)) as connection:
                    serve_meals(connection)
            return of_it

        yield database_


def run(url: str, *statements: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        for statement in statements:
            query(connection, statement)


def make_roles(url: str) -> None:
    for role in ("tableorder_owner", "tableorder"):
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            if not value(connection, "SELECT count(*) FROM pg_roles WHERE rolname = %s", role):
                query(connection, f"CREATE ROLE {role}")


def commands_of(url: str, folder: Path, path: str) -> Commands:
    return Commands(url, folder, VERSIONS[-1], PATH=path)


def good(done: subprocess.CompletedProcess[str]) -> bool:
    assert done.returncode == 0, done.stderr
    return True


def header_of(backup: Backup) -> int:
    """The minor version of the dump's format: 14 of PostgreSQL 15, 16 of 17 and 18."""
    return backup.dump.read_bytes()[6]


def test_with_newer_programs_first_on_path_the_servers_own_are_taken(database, tmp_path):
    url = database("packaged")
    commands = commands_of(url, tmp_path / "backups", f"{EMBEDDED}:{USUAL}")
    assert good(commands.run("backup-db"))
    [backup] = commands.folder.good()
    assert header_of(backup) == 14
    assert good(commands.run("verify-backup"))
    assert good(commands.run("restore-db", backup.dump))
    plain = commands_of(url, tmp_path / "backups", USUAL)
    assert good(plain.run("verify-backup"))


def test_what_newer_programs_wrote_is_restored_by_them(database, tmp_path):
    """As on a machine that has only those, and as older versions of these commands wrote it on any."""
    url = database("packaged")
    commands = commands_of(url, tmp_path / "backups", f"{EMBEDDED}:{USUAL}")
    assert good(commands.run("backup-db"))
    [backup] = commands.folder.good()
    command = [EMBEDDED / "pg_dump", "--format=custom", "--file", backup.dump, url]
    subprocess.run(command, check=True)
    alter_manifest(backup, lambda manifest: manifest.update(size=backup.dump.stat().st_size))
    assert header_of(backup) == 16
    with closing(psycopg2.connect(url)) as connection:
        text = "SET transaction_timeout = 0;"
        store = value(connection, "SELECT min(store_id) FROM stores")
        query(connection, "UPDATE stores SET store_name = %s WHERE store_id = %s", text, store)
    for path in (f"{EMBEDDED}:{USUAL}", USUAL):
        commands = commands_of(url, tmp_path / "backups", path)
        assert good(commands.run("verify-backup"))
        assert good(commands.run("restore-db", backup.dump, "--force"))


def test_a_backup_of_a_newer_server_is_refused_clearly_by_an_older_one(database, tmp_path):
    newer, older = database("embedded"), database("packaged", is_empty=True)
    commands = commands_of(newer, tmp_path / "backups", f"{EMBEDDED}:{USUAL}")
    assert good(commands.run("backup-db"))
    [backup] = commands.folder.good()
    other = commands_of(older, tmp_path / "backups", f"{EMBEDDED}:{USUAL}")
    versions = version_of(EMBEDDED / "psql")[0], version_of(VERSIONS[-1] / "psql")[0]
    for name, *arguments in (("restore-db", backup.dump, "--force"), ("verify-backup",)):
        done = other.run(name, *arguments)
        assert done.returncode == 1
        assert f"the backup is of PostgreSQL {versions[0]}, and the server is PostgreSQL {versions[1]}" in done.stderr
    assert backup.verified() is None


def test_an_older_servers_backup_goes_into_a_newer_one_without_extensions_that_it_does_not_offer(database, tmp_path):
    older, newer = database("packaged"), database("embedded", is_empty=True)
    run(older, 'CREATE EXTENSION "uuid-ossp"')
    commands = commands_of(older, tmp_path / "backups", USUAL)
    assert good(commands.run("backup-db"))
    assert good(commands.run("verify-backup"))
    [backup] = commands.folder.good()
    other = commands_of(newer, tmp_path / "backups", f"{EMBEDDED}:{USUAL}")
    make_roles(newer)
    done = other.run("restore-db", backup.dump)
    assert good(done)
    assert "Without the extension uuid-ossp, which this server does not offer" in done.stdout
    with closing(psycopg2.connect(newer)) as connection:
        assert value(connection, "SELECT count(*) FROM order_history") == 6


def test_an_extension_that_is_needed_is_missed(database, tmp_path):
    older, newer = database("packaged"), database("embedded", is_empty=True)
    run(older, 'CREATE EXTENSION "uuid-ossp"', "CREATE TABLE notes (id uuid DEFAULT uuid_generate_v4())")
    commands = commands_of(older, tmp_path / "backups", USUAL)
    assert good(commands.run("backup-db"))
    [backup] = commands.folder.good()
    make_roles(newer)
    done = commands_of(newer, tmp_path / "backups", f"{EMBEDDED}:{USUAL}").run("restore-db", backup.dump)
    assert done.returncode == 1
    assert "function public.uuid_generate_v4() does not exist" in done.stderr


def test_extensions_that_only_a_superuser_may_make_do_not_stop_a_verification(packaged, tmp_path):
    run(packaged, ADMINISTRATOR, "CREATE DATABASE theirs OWNER deployer")
    url = url_of(packaged, "theirs")
    try:
        run(url, "CREATE EXTENSION pg_stat_statements", "COMMENT ON EXTENSION plpgsql IS 'ours'")
        as_deployer = url.replace("postgres@", "deployer@", 1)
        make_roles(packaged)
        run(packaged, "GRANT tableorder_owner, tableorder TO deployer")
        apply_pending(as_deployer)
        with closing(psycopg2.connect(as_deployer)) as connection:
            serve_meals(connection)
        run(url, "COMMENT ON TABLE menus IS 'what there is to eat'")
        commands = commands_of(as_deployer, tmp_path / "backups", USUAL)
        before = commands.pg_dump()
        assert good(commands.run("backup-db"))
        done = commands.run("verify-backup")
        assert good(done)
        assert "Without the extension pg_stat_statements" in done.stdout
        [backup] = commands.folder.good()
        assert good(commands.run("restore-db", backup.dump))
        assert commands.pg_dump() == before
    finally:
        run(packaged, "DROP DATABASE theirs WITH (FORCE)")
