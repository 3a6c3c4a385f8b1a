"""The embedded server: made, shared, killed, started again, with nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg2
import pytest

from tableorder.database.embedded import MAX_SOCKET_PATH, EmbeddedServer, EmbeddedServerError
from tests.waiting import until

ANOTHER_USER = """
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from tableorder.database.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print("started", flush=True)
sys.stdin.read()
server.release()
"""


def run(server: EmbeddedServer, statement: str) -> list[tuple]:
    with closing(psycopg2.connect(server.uri())) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def postmaster(server: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))


def another_user(directory: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", ANOTHER_USER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "started\n"
    return process


def test_a_server_keeps_its_data_and_is_nobody_elses(tmp_path):
    with EmbeddedServer(tmp_path / "pg") as server:
        run(server, "CREATE TABLE kept AS SELECT 42 AS n")
        assert run(server, "SHOW timezone") == [("Asia/Seoul",)]
        assert run(server, "SHOW fsync") == run(server, "SHOW synchronous_commit") == [("on",)]
        assert run(server, "SHOW listen_addresses") == [("",)]
        assert run(server, "SHOW data_checksums") == [("on",)]
        folder = parse_qs(urlsplit(server.uri()).query)["host"][0]
        assert Path(folder).stat().st_mode & 0o077 == 0
        assert server.data.stat().st_mode & 0o077 == 0
        assert postmaster(server).uids().effective != 0
    assert not server.is_running()
    with server:
        assert run(server, "SELECT n FROM kept") == [(42,)]


def test_the_url_is_good_for_psql_too(tmp_path):
    with EmbeddedServer(tmp_path / "with space, %41 and 한글") as server:
        output = subprocess.check_output([server.bin("psql"), server.uri(), "-Atc", "SELECT 1"], text=True)
        assert output == "1\n"
        assert run(server, "SELECT 1") == [(1,)]


def test_the_last_one_to_leave_stops_it(tmp_path):
    server = EmbeddedServer(tmp_path / "pg")
    server.start()
    other = another_user(server.directory)
    server.release()
    assert run(server, "SELECT 1") == [(1,)]
    other.communicate("")
    assert other.returncode == 0
    assert not server.is_running()


def test_a_killed_user_holds_nothing_back(tmp_path):
    server = EmbeddedServer(tmp_path / "pg")
    other = another_user(server.directory)
    other.kill()
    other.communicate()
    with server:
        assert run(server, "SELECT 1") == [(1,)]
    assert not server.is_running()


def test_a_killed_server_starts_again_with_all_that_was_committed(tmp_path):
    with EmbeddedServer(tmp_path / "pg") as server:
        run(server, "CREATE TABLE kept AS SELECT 42 AS n")
        killed = postmaster(server)
        processes = [killed, *killed.children()]
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs(processes, 10)
        until(lambda: not server.is_running())
        server.start()
        assert run(server, "SELECT n FROM kept") == [(42,)]


def test_a_long_path_is_no_obstacle_and_leaves_nothing_elsewhere(tmp_path):
    directory = tmp_path / ("x" * MAX_SOCKET_PATH)
    with EmbeddedServer(directory) as server:
        assert run(server, "SELECT 1") == [(1,)]
        elsewhere = Path(parse_qs(urlsplit(server.uri()).query)["host"][0])
        assert directory not in elsewhere.parents and elsewhere.exists()
    assert not elsewhere.exists()


@pytest.mark.parametrize("name", ["kim, lee", "'$HOME' `id`", '"a" \\ %41;', "식당"])
def test_a_folder_may_have_any_name(tmp_path, name):
    with EmbeddedServer(tmp_path / name) as server:
        assert run(server, "SELECT 42") == [(42,)]
        assert "listening on Unix socket" in server.log.read_text()
        assert str(server.data) in postmaster(server).cmdline()
    assert not server.is_running()


def test_an_initdb_that_was_killed_leaves_nothing_in_the_way(tmp_path):
    unfinished = tmp_path / "pg" / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(tmp_path / "pg") as server:
        assert run(server, "SELECT 1") == [(1,)]
    assert not unfinished.exists()


def test_data_of_another_version_is_refused_clearly(tmp_path):
    server = EmbeddedServer(tmp_path / "pg")
    with server:
        pass
    (server.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(EmbeddedServerError, match=r"initialized by PostgreSQL version 14"):
        server.start()
    assert not Path(parse_qs(urlsplit(server.uri()).query)["host"][0]).exists()
    server.release()


def test_a_file_in_the_way_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerError, match="cannot write to"):
        EmbeddedServer(tmp_path / "file").start()
