"""A standby answers what is much work to read, and nobody can tell: no answer lacks what the store has committed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tableorder.database.migrations import apply_pending
from tests.api.client import Restaurant, expect, refused
from tests.api.server import Server, StreamServer, add_restaurant, run_sql
from tests.database import servers
from tests.database.servers import free_port
from tests.management.running import findings_of, manage
from tests.waiting import until

READS = "/admin/menus", "/admin/voids", "/admin/history"


class Standby(servers.Server):
    """A hot standby that streams from the primary."""

    def __init__(self, directory: Path, primary: servers.Server) -> None:
        directory.mkdir()
        data = directory / "data"
        program = primary.embedded.bin("pg_basebackup")
        subprocess.run([program, "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", primary.url()], check=True)
        if os.geteuid() == 0:  # the server runs as the user who has the primary's
            owner = primary.embedded.data.stat()
            for path in [data, *data.rglob("*")]:
                shutil.chown(path, owner.st_uid, owner.st_gid)
        super().__init__(directory)

    @contextmanager
    def behind(self) -> Iterator[None]:
        """It replays nothing of what comes in."""
        run_sql(self.url(), "SELECT pg_wal_replay_pause()")
        until(lambda: run_sql(self.url(), "SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
        try:
            yield
        finally:
            run_sql(self.url(), "SELECT pg_wal_replay_resume()")


@pytest.fixture(scope="module")
def primary() -> Iterator[servers.Server]:
    with tempfile.TemporaryDirectory(prefix="tableorder-test-") as name:
        Path(name).chmod(0o755)  # for PostgreSQL's user
        server = servers.Server(Path(name) / "primary")
        try:
            apply_pending(server.url())
            yield server
        finally:
            server.close()


@pytest.fixture(scope="module")
def standby(primary: servers.Server) -> Iterator[Standby]:
    server = Standby(primary.embedded.directory.with_name("standby"), primary)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def server(primary: servers.Server, standby: Standby, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The API with two workers, and deadlines that a test can wait for."""
    deadlines = {"DATABASE_STATEMENT_TIMEOUT": "2", "DATABASE_CONNECT_TIMEOUT": "2"}
    log = tmp_path_factory.mktemp("server") / "log"
    running = Server(primary.url(), log, DATABASE_REPLICA_URL=standby.url(), **deadlines)
    yield running.wait_until_ready()
    running.stop()
    assert "crash in request" not in running.log()


@pytest.fixture
def restaurant(server: Server) -> Restaurant:
    return add_restaurant(server)


def outcomes(server: Server) -> dict[str, float]:
    """How often which way was taken, by both workers together."""
    text = requests.get(f"{server.base}/metrics", timeout=30).text
    found = re.findall(r'^tableorder_replica_reads_total{outcome="(\w+)"} (\S+)$', text, re.MULTILINE)
    return {outcome: float(count) for outcome, count in found}


def caught_up(primary: servers.Server, standby: Standby) -> None:
    """Wait until the standby has all that the primary has."""
    [(position,)] = run_sql(primary.url(), "SELECT pg_current_wal_lsn()")
    until(lambda: run_sql(standby.url(), "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", position) == [(True,)])


def answered_by_the_standby(server: Server, restaurant: Restaurant) -> float:
    """How many of these reads, which must succeed, were the standby's."""
    before = outcomes(server).get("answered", 0)
    for path in READS:
        expect(200, restaurant.admin.get(path))
    return outcomes(server).get("answered", 0) - before


def test_a_standby_that_has_it_all_answers(server, primary, standby, restaurant):
    menu_id = restaurant.add_menu()
    table_id = restaurant.add_table()
    expect(201, restaurant.seat().order((menu_id, 2)))
    meal = expect(200, restaurant.end_session(table_id))
    caught_up(primary, standby)
    before = outcomes(server).get("answered", 0)
    history = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))
    assert [entry["session_id"] for entry in history["history"]] == [meal["session_id"]]
    [category] = expect(200, restaurant.admin.get("/admin/menus"))["categories"]
    assert [menu["menu_id"] for menu in category["menus"]] == [menu_id]
    assert expect(200, restaurant.admin.get("/admin/voids"))["total_count"] == 0
    assert outcomes(server)["answered"] == before + 3


def test_a_store_sees_its_own_rows_only(server, primary, standby):
    stores = [add_restaurant(server) for _ in range(2)]
    tables = []
    for store in stores:
        menu_id = store.add_menu()
        tables.append(store.add_table())
        expect(201, store.seat().order((menu_id, 1)))
        expect(200, store.end_session(tables[-1]))
    caught_up(primary, standby)
    for store, own, others in zip(stores, tables, reversed(tables), strict=True):
        assert expect(200, store.admin.get(f"/admin/tables/{own}/history"))["total_count"] == 1
        assert store.admin.get(f"/admin/tables/{others}/history").status_code == 404


def test_what_was_just_written_is_there_though_the_standby_is_behind(server, primary, standby, restaurant):
    menu_id, table_id = restaurant.add_menu(), restaurant.add_table()
    caught_up(primary, standby)
    with standby.behind():
        for number in range(1, 9):  # each may be another worker's turn
            order = expect(201, restaurant.seat().order((menu_id, 1)))
            expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 9000 + number}))
            [category] = expect(200, restaurant.admin.get("/admin/menus"))["categories"]
            assert category["menus"][0]["price"] == 9000 + number
            expect(200, restaurant.end_session(table_id))
            history = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))
            assert history["total_count"] == number
            assert history["history"][0]["archived_order_data"]["orders"][0]["order_id"] == order["order_id"]
        assert outcomes(server)["behind"] >= 16
    caught_up(primary, standby)
    assert answered_by_the_standby(server, restaurant) == len(READS)


def test_a_standby_that_is_behind_neither_lets_a_revoked_token_in_nor_refuses_a_new_one(
    server, primary, standby, restaurant
):
    old = restaurant.admin.token
    caught_up(primary, standby)
    with standby.behind():
        statement = "UPDATE stores SET token_epoch = token_epoch + 1 WHERE store_id = %s"
        run_sql(primary.url(), statement, restaurant.store_id)
        restaurant.__post_init__()  # logs in again
        for path in READS:
            refused(401, "token_revoked", restaurant.admin.get(path, token=old))
            expect(200, restaurant.admin.get(path))
    caught_up(primary, standby)
    assert answered_by_the_standby(server, restaurant) == len(READS)
    for path in READS:
        refused(401, "token_revoked", restaurant.admin.get(path, token=old))


def test_a_standby_that_is_frozen_or_gone_is_done_without(server, primary, standby, restaurant):
    restaurant.add_menu()
    caught_up(primary, standby)
    with standby.frozen():
        assert answered_by_the_standby(server, restaurant) == 0
    until(lambda: answered_by_the_standby(server, restaurant) == len(READS))
    standby.stop()
    assert answered_by_the_standby(server, restaurant) == 0
    standby.start()
    until(lambda: answered_by_the_standby(server, restaurant) == len(READS))


def test_the_feed_listens_to_the_primary_wherever_it_is_named(primary, standby, tmp_path):
    """As after the standby has taken over, when the first that is named has become one."""
    both = f"postgresql://postgres@127.0.0.1:{standby.port},127.0.0.1:{primary.port}/postgres"
    running = StreamServer(both, tmp_path / "log")
    listening = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tableorder stream'"
    try:
        until(lambda: run_sql(primary.url(), listening) == [(1,)])
    finally:
        running.stop()


def test_the_operators_checklist_looks_at_it(primary, standby, tmp_path):
    def found(replica: str, url: str = primary.url()) -> tuple[str, str]:
        settings = {"DATABASE_URL": url, "DATABASE_REPLICA_URL": replica, "BACKUP_DIR": str(tmp_path)}
        findings = findings_of(manage("check", "--json", home=tmp_path, **settings))
        return next((status, detail) for item, status, detail in findings if item == "replica")

    def written(size: int) -> None:
        run_sql(primary.url(), "SELECT pg_logical_emit_message(false, 'test', repeat('x', %s))", size)

    caught_up(primary, standby)
    status, detail = found(standby.url())
    assert status == "ok" and re.fullmatch(r"a standby, 0\.\d MB behind", detail)
    with standby.behind():
        written(1_000_000)
        status, detail = found(standby.url())
        assert status == "ok" and re.fullmatch(r"a standby, 1\.\d MB behind", detail)
        written(16_000_000)
        status, detail = found(standby.url())
        assert status == "warning" and re.fullmatch(r"a standby, 17\.\d MB behind", detail)
    assert found(primary.url()) == ("warning", "DATABASE_REPLICA_URL names no standby")
    assert found(standby.url(free_port()))[0] == "failed"
    status, detail = found(standby.url(), url=standby.url())
    assert status == "failed" and detail.startswith("cannot tell: recovery is in progress")
