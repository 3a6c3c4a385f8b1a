"""The figures for Prometheus: exact, of all workers together, and no more of them than there are routes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tableorder.database.embedded import embedded_programs
from tests.api.client import expect
from tests.api.server import Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, Reader
from tests.management.running import CHECKOUT
from tests.waiting import until

DEPLOY = CHECKOUT / "deploy"
NAME = re.compile(r"\btableorder_\w+")


def figures(base):
    """Sample name and labels → value; each once, and nobody's in particular."""
    response = requests.get(f"{base}/metrics", timeout=30)
    assert response.status_code == 200 and response.headers["Content-Type"].startswith("text/plain")
    families = list(text_string_to_metric_families(response.text))
    names = [family.name for family in families]
    assert len(names) == len({*names})
    samples = [sample for family in families for sample in family.samples]
    assert [sample for sample in samples if "pid" in sample.labels] == []
    return {(sample.name, *sorted(sample.labels.items())): sample.value for sample in samples}


@pytest.fixture(scope="module")
def counting(make_database, tmp_path_factory):
    """A server with nobody else on it, two workers with two connections each."""
    settings = {"BACKUP_DIR": str(tmp_path_factory.mktemp("backups")), "DATABASE_POOL_SIZE": "2"}
    log = tmp_path_factory.mktemp("counting") / "log"
    running = Server(make_database(), log, **settings, DATABASE_MAX_OVERFLOW="0", WEB_THREADS="4")
    running.backups = settings["BACKUP_DIR"]
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()


def test_the_figures_are_exact_under_load(counting):
    restaurant = add_restaurant(counting)
    route = "/api/v1/admin/orders/<big_id:order_id>"
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: restaurant.admin.get(f"/admin/orders/{n + 1}"), range(200)))
    found = figures(counting.base)
    assert found["tableorder_requests_total", ("method", "GET"), ("route", route), ("status", "404")] == 200
    assert found["tableorder_request_duration_seconds_count", ("method", "GET"), ("route", route)] == 200
    # The one that asks is not in use any more when it is told; all that were opened are idle or closed.
    assert found[("tableorder_pool_checked_out",)] == found[("tableorder_pool_waiting",)] == 0
    opened = found[("tableorder_pool_connects_total",)] - found[("tableorder_pool_closed_total",)]
    assert found[("tableorder_pool_checked_in",)] == opened > 0
    assert found[("tableorder_pool_waits_total",)] > 0 == found[("tableorder_pool_timeouts_total",)]


def test_there_are_no_more_figures_than_routes(counting):
    for n in range(20):
        requests.get(f"{counting.base}/no/such/path/{n}", timeout=30)
    found = figures(counting.base)
    unmatched = [key for key in found if ("route", "unmatched") in key and key[0] == "tableorder_requests_total"]
    assert unmatched == [("tableorder_requests_total", ("method", "GET"), ("route", "unmatched"), ("status", "404"))]
    assert not [key for key in found if "/no/such" in str(key)]


def test_what_a_killed_worker_had_counted_stays_and_what_it_held_goes(counting):
    master = psutil.Process(counting.process.pid)
    workers = master.children()
    served = ("tableorder_requests_total", ("method", "GET"), ("route", "/health"), ("status", "200"))
    for _ in range(50):
        requests.get(f"{counting.base}/health", timeout=30)
    before = figures(counting.base)
    for worker in workers:
        os.kill(worker.pid, signal.SIGKILL)
    until(lambda: len(master.children()) == 2 and not {p.pid for p in workers} & {p.pid for p in master.children()})
    counting.wait_until_ready()
    after = figures(counting.base)
    assert after[served] == before[served] >= 50
    assert after[("tableorder_pool_checked_in",)] <= 4  # of the two that live, not of the two that died


def test_what_is_asked_for_at_the_moment(counting):
    restaurant = add_restaurant(counting)
    restaurant.add_table(1)
    tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
    orders = [expect(201, tablet.order((menu_id, 1)))["order_id"] for _ in range(3)]
    expect(200, restaurant.admin.patch(f"/admin/orders/{orders[0]}/status", {"status": "완료"}))
    found = figures(counting.base)
    live = [found["tableorder_live_orders", ("status", status)] for status in ("대기중", "준비중", "완료")]
    assert live == [2, 0, 1]
    [(newest,)] = run_sql(counting.database_url, "SELECT max(migration_id) FROM _yoyo_migration")
    assert found["tableorder_migration_info", ("migration", newest)] == 1
    assert found[("tableorder_database_up",)] == 1
    assert ("tableorder_backup_age_seconds",) not in found
    path = f"{embedded_programs()}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "DATABASE_URL": counting.database_url, "BACKUP_DIR": counting.backups}
    backup = [sys.executable, "-m", "tableorder.backups.dump"]
    subprocess.run(backup, cwd=CHECKOUT, env=environment, check=True, capture_output=True)
    age = figures(counting.base)[("tableorder_backup_age_seconds",)]
    assert 0 <= age < 600


def test_without_a_database_there_are_figures_all_the_same(tmp_path):
    away = Server("postgresql://127.0.0.1:1/x", tmp_path / "log")
    away.READY = "/health/live", 200
    try:
        found = figures(away.wait_until_ready().base)
    finally:
        away.stop()
    assert found[("tableorder_database_up",)] == 0


def test_the_live_feed_counts_its_streams_and_events(server, restaurant, tmp_path):
    stream = StreamServer(server.database_url, tmp_path / "log")
    try:
        stream.wait_until_ready()
        readers = [Reader(stream.base, ADMIN_STREAM, token=restaurant.admin.token) for _ in range(3)]
        [reader.wait_for(1) for reader in readers]
        restaurant.add_table()
        [reader.wait_for(2) for reader in readers]
        found = figures(stream.base)
        assert found[("tableorder_streams_open",)] == found[("tableorder_events_sent_total",)] == 3
        [reader.close() for reader in readers]
        until(lambda: figures(stream.base)[("tableorder_streams_open",)] == 0)
    finally:
        stream.stop()


def dashboard():
    panels = json.loads((DEPLOY / "grafana" / "tableorder.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def alerts():
    return yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]


def test_the_dashboard_and_the_alerts_ask_for_figures_that_there_are(counting, stream_server):
    exported = {key[0] for base in (counting.base, stream_server.base) for key in figures(base)}
    rules = alerts()
    asked = {name for query in dashboard() + [rule["expr"] for rule in rules] for name in NAME.findall(query)}
    with_backups_or_a_standby = {"tableorder_backup_age_seconds", "tableorder_replica_reads_total"}
    assert len(asked) > 10 and asked - exported <= with_backups_or_a_standby
    documented = (CHECKOUT / "docs" / "observability.md").read_text()
    assert [rule["alert"] for rule in rules if f"`{rule['alert']}`" not in documented] == []


def test_each_alert_has_a_test_in_which_it_goes_off():
    tests = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text())["tests"]
    gone_off = {rule["alertname"] for test in tests for rule in test["alert_rule_test"] if rule.get("exp_alerts")}
    assert gone_off == {rule["alert"] for rule in alerts()}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_understands_what_it_is_asked_and_the_alerts_go_off_when_they_should(tmp_path):
    queries = tmp_path / "dashboard.yml"
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(dashboard())]
    queries.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    for command in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", queries],
        ["test", "rules", "alerts_test.yml"],
    ):
        told = subprocess.run(["promtool", *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr
