"""A round of housekeeping, and the process that does one every minute."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tableorder.database.connection import Database
from tableorder.database.pool import PoolSettings
from tableorder.housekeeping.runner import BATCH, Housekeeper
from tests.api.server import StreamServer
from tests.database.servers import free_port
from tests.factories import query, value
from tests.housekeeping.due import AUDIT_DAYS, KEPT, RETENTION, WINDOW, add, ages
from tests.waiting import until


@pytest.fixture
def pruned() -> Counter[str]:
    """By table, the rows that the rounds have removed; also of tables in which nothing was due."""
    return Counter()


@pytest.fixture
def make_housekeeper(database_url: str, pruned: Counter[str]) -> Iterator[Callable[..., Housekeeper]]:
    databases: list[Database] = []

    def make(url: str = database_url, is_closing: Callable[[], bool] = lambda: False) -> Housekeeper:
        databases.append(Database(PoolSettings(url, timeout=1.0, connect_timeout=1.0)))
        return Housekeeper(
            databases[-1],
            event_retention=RETENTION,
            login_window=WINDOW,
            audit_days=AUDIT_DAYS,
            on_pruned=lambda table, removed: pruned.update({table: removed}),
            is_closing=is_closing,
        )

    yield make
    for database in databases:
        database.pool.close()


def test_a_round_looks_at_each_table(admin, shop, make_housekeeper, pruned):
    for table in KEPT:
        add(admin, table, KEPT[table].past, count=2)
    make_housekeeper().run()
    assert pruned == dict.fromkeys(KEPT, 2)


def test_each_function_that_prunes_has_its_table_and_its_rows_here(admin):
    functions = query(admin, "SELECT proname::text FROM pg_proc WHERE proname LIKE 'prune!_%%' ESCAPE '!' AND %s", True)
    assert {name.removeprefix("prune_") for (name,) in functions} == set(KEPT)


def test_a_round_removes_a_backlog_batch_by_batch(admin, shop, make_housekeeper, pruned):
    add(admin, "idempotency_keys", KEPT["idempotency_keys"].past, count=2 * BATCH + 1)
    make_housekeeper().run()
    assert pruned["idempotency_keys"] == 2 * BATCH + 1


def test_the_others_are_done_if_one_fails(admin, shop, make_housekeeper, pruned, caplog):
    for table in KEPT:
        add(admin, table, KEPT[table].past)
    query(admin, "DROP FUNCTION prune_admin_keys(integer)")
    with caplog.at_level(logging.WARNING, logger="tableorder.housekeeping.runner"):
        make_housekeeper().run()
    assert pruned == dict.fromkeys(set(KEPT) - {"admin_keys"}, 1)
    assert [record.getMessage() for record in caplog.records] == ["housekeeping of admin_keys failed"]


def test_a_table_that_is_locked_is_left_for_later(admin, shop, connect, make_housekeeper, pruned, caplog):
    for table in KEPT:
        add(admin, table, KEPT[table].past)
    holder = connect()
    holder.autocommit = False
    query(holder, "LOCK TABLE stream_tickets")
    housekeeper = make_housekeeper()
    with caplog.at_level(logging.WARNING, logger="tableorder.housekeeping.runner"):
        housekeeper.run()
    assert pruned == dict.fromkeys(set(KEPT) - {"stream_tickets"}, 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    holder.rollback()
    housekeeper.run()
    assert pruned["stream_tickets"] == 1


def test_a_database_that_is_away_ends_nothing(make_housekeeper, pruned):
    make_housekeeper(f"postgresql://tableorder@127.0.0.1:{free_port()}/tableorder").run()
    assert pruned == {}


def test_another_process_that_is_at_it_is_not_counted(admin, shop, connect, make_housekeeper, pruned):
    add(admin, "events", KEPT["events"].past)
    assert value(connect(), "SELECT pg_try_advisory_lock(7283466)")
    make_housekeeper().run()
    assert "events" not in pruned and len(pruned) == 0


def test_a_round_ends_when_the_process_does(admin, shop, make_housekeeper, pruned):
    add(admin, "events", KEPT["events"].past)
    make_housekeeper(is_closing=lambda: len(pruned) > 0).run()
    assert list(pruned) == ["events"]


def figures(server: StreamServer, metric: str) -> dict[str, float]:
    text = requests.get(f"{server.base}/metrics", timeout=30).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.labels["table"]: sample.value for sample in samples if sample.name == metric}


def test_the_stream_process_keeps_house_and_says_so(admin, shop, database_url, tmp_path):
    for table in KEPT:
        add(admin, table, KEPT[table].not_yet)
    kept = {table: ages(admin, table)[0] for table in KEPT}  # the oldest
    for table in KEPT:
        add(admin, table, KEPT[table].past, count=2)
    now = value(admin, "SELECT extract(epoch FROM now())::float")
    running = StreamServer(database_url, tmp_path / "log")
    try:
        running.wait_until_ready()
        until(lambda: figures(running, "tableorder_housekeeping_removed_total") == dict.fromkeys(KEPT, 2))
        assert {table: ages(admin, table)[0] for table in KEPT} == kept
        at = figures(running, "tableorder_housekeeping_last_run_timestamp_seconds")
        assert set(at) == set(KEPT) and all(now - 1 < seconds < now + 120 for seconds in at.values())
    finally:
        running.stop()
