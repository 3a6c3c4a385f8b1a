"""bin/create-db: from a bare server to one that the application can use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from tableorder.database.urls import other_database
from tests.database.embedded import embedded_server, file_for_everybody
from tests.database.packaged import VERSIONS, packaged_server
from tests.database.servers import free_port
from tests.factories import query, value
from tests.management.running import CHECKOUT, environment, manage

PASSWORD = "a password for tests"
DEFAULT = Path("/var/run/postgresql")  # where psycopg2 and Debian's libpq look
HBA = "local all tableorder scram-sha-256\nlocal all all trust\n"


def create_db(admin_url: str, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tableorder.management.create_db"]
    settings = {"DATABASE_ADMIN_URL": admin_url, "DB_PASSWORD": PASSWORD, **settings}
    return subprocess.run(
        command,
        cwd=CHECKOUT,
        env=environment(home, **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module", params=["embedded", "packaged"])
def bare_server(request):
    """A server where the role tableorder needs its password."""
    with file_for_everybody("pg_hba.conf", HBA) as hba:
        if request.param == "embedded":
            with embedded_server(f"hba_file={hba}") as server:
                yield server.uri()
        else:
            with packaged_server(f"hba_file={hba}") as url:
                yield url


def test_it_makes_all_that_the_application_needs_and_may_be_run_twice(bare_server, tmp_path):
    for _ in range(2):
        made = create_db(bare_server, tmp_path)
        assert (made.returncode, made.stderr) == (0, "")
        assert "the database tableorder_db are there" in made.stdout
    url = other_database(bare_server, "tableorder_db")
    with closing(psycopg2.connect(url)) as connection:
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        assert value(connection, owner) == "tableorder_owner"
        assert value(connection, "SHOW timezone") == "Asia/Seoul"
        flags = "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'tableorder'"
        assert query(connection, flags) == [(True, False, False, False)]
        assert value(connection, "SELECT rolpassword FROM pg_authid WHERE rolname = 'tableorder'").startswith("SCRAM")
        offered = value(connection, "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'uuid-ossp')")
        installed = value(connection, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'uuid-ossp')")
        assert installed == offered
    migrated = manage("migrate", home=tmp_path, DATABASE_URL=url)
    assert migrated.returncode == 0, migrated.stderr
    application = psycopg2.connect(url, user="tableorder", password=PASSWORD)
    with closing(application):
        assert value(application, "SELECT count(*) FROM orders") == 0
        assert value(application, "SHOW log_min_duration_statement") == "-1"
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(application, "CREATE TABLE x (a integer)")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url, user="tableorder", password="another")


def test_a_role_without_superpowers_sets_up_and_migrates(bare_server, tmp_path):
    with closing(psycopg2.connect(bare_server)) as connection:
        connection.autocommit = True
        query(connection, "DROP ROLE IF EXISTS dba")
        query(connection, "CREATE ROLE dba LOGIN CREATEROLE CREATEDB")
        for role in ("tableorder_owner", "tableorder"):  # if another test made them, a superuser lets dba have them
            if value(connection, f"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"):
                query(connection, f"GRANT {role} TO dba WITH ADMIN OPTION")
    dba = bare_server.replace("postgres@", "dba@")
    made = create_db(dba, tmp_path, DB_NAME="tableorder_two")
    assert (made.returncode, made.stderr) == (0, "")
    url = other_database(dba, "tableorder_two")
    for _ in range(2):
        migrated = manage("migrate", home=tmp_path, DATABASE_URL=url)
        assert (migrated.returncode, migrated.stderr) == (0, "")
    assert (
        manage("demo", "load", home=tmp_path, DATABASE_URL=other_database(bare_server, "tableorder_two")).returncode
        == 0
    )


def test_several_at_once_wait_for_each_other(bare_server, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        for made in pool.map(lambda _: create_db(bare_server, tmp_path, DB_NAME="many"), range(4)):
            assert (made.returncode, made.stderr) == (0, "")


@pytest.mark.skipif(not DEFAULT.is_dir() or os.geteuid() != 0, reason="needs root, to be PostgreSQL's user")
def test_a_server_that_is_where_libpq_looks_need_not_be_named(tmp_path):
    """Ours of several: psycopg2's, and that of the programs, which may have been built to look elsewhere."""
    port = free_port()
    with packaged_server(f"unix_socket_directories={DEFAULT}", f"port={port}"):
        made = create_db(f"postgresql://postgres@/postgres?port={port}", tmp_path)
        assert (made.returncode, made.stderr) == (0, "")
        url = f"postgresql://postgres@/tableorder_db?port={port}"
        for command in (["migrate"], ["migration", "drift"]):
            done = manage(*command, home=tmp_path, DATABASE_URL=url)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_another_password_is_set_by_another_run(bare_server, tmp_path):
    assert create_db(bare_server, tmp_path, DB_NAME="three", DB_PASSWORD="first password").returncode == 0
    assert create_db(bare_server, tmp_path, DB_NAME="three", DB_PASSWORD="second password").returncode == 0
    url = other_database(bare_server, "three")
    psycopg2.connect(url, user="tableorder", password="second password").close()


@contextmanager
def certificate() -> Iterator[list[str]]:
    """The settings with which a server of PostgreSQL's own user can do TLS."""
    with tempfile.TemporaryDirectory(prefix="tableorder-test-") as name:
        cert, key = Path(name, "cert.pem"), Path(name, "key.pem")
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        subprocess.run([*make, "-keyout", key, "-out", cert], check=True, capture_output=True)
        if os.geteuid() == 0:
            for path in (Path(name), cert, key):
                shutil.chown(path, "postgres")
        yield ["ssl=on", f"ssl_cert_file={cert}", f"ssl_key_file={key}"]


@pytest.mark.skipif(shutil.which("openssl") is None or not VERSIONS, reason="needs openssl and a packaged PostgreSQL")
def test_a_server_that_wants_tls_is_set_up_and_looked_at(tmp_path):
    port = free_port()
    with (
        file_for_everybody("pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n") as hba,
        certificate() as tls,
        packaged_server(f"hba_file={hba}", "listen_addresses=127.0.0.1", f"port={port}", *tls),
    ):
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=require"
        made = create_db(url, tmp_path)
        assert (made.returncode, made.stderr) == (0, "")
        url = other_database(url, "tableorder_db")
        for command in (["migrate"], ["migration", "drift"]):
            done = manage(*command, home=tmp_path, DATABASE_URL=url)
            assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"DB_PASSWORD": ""}, "set DB_PASSWORD to a password of 8 characters or more for the role tableorder"),
        ({"DB_PASSWORD": "short"}, "set DB_PASSWORD to a password of 8 characters or more for the role tableorder"),
        ({"DATABASE_ADMIN_URL": "postgresql://nobody@127.0.0.1:1/x"}, "cannot connect to the database"),
        ({"DATABASE_ADMIN_URL": "postgresql:///x?host=/nowhere"}, "cannot connect to the database"),
        ({"DATABASE_ADMIN_URL": "postgress://u:hush@db/x"}, "DATABASE_ADMIN_URL cannot be read; it must be like"),
        ({"DATABASE_ADMIN_URL": "", "DATABASE_URL": "u:hush@db"}, "DATABASE_URL cannot be read; it must be like"),
    ],
)
def test_what_is_missing_is_said(bare_server, tmp_path, settings, message):
    made = create_db(bare_server, tmp_path, **settings)
    assert (made.returncode, made.stdout) == (1, "")
    assert made.stderr.startswith(f"bin/create-db: {message}") and made.stderr.count("\n") == 1
    assert "hush" not in made.stderr
