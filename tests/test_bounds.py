"""Everything that clients can make more of has a bound, and a test that shows it: tables, labels, caches."""

from __future__ import annotations

import ast
from pathlib import Path

import prometheus_client
import pytest

from tableorder import metrics
from tableorder.stream import metrics as stream_metrics
from tableorder.web.document_cache import ENTRY_BYTES, DocumentCache
from tests.factories import query
from tests.management.running import CHECKOUT

LIMITS = "tests/api/test_limits.py::"
PRUNED = "tests/housekeeping/test_tables.py::test_what_is_past_the_bound_goes_and_what_is_within_it_stays"
GUESSING = "tests/api/test_guessing.py::"
MENUS = LIMITS + "test_past_the_limit_nothing_is_added_until_one_is_deleted"
PICTURES = LIMITS + "test_what_is_shown_no_more_does_not_count_but_has_a_bound"
RATE = LIMITS + "test_a_session_orders_so_often_in_a_minute"

BY_THE_OPERATOR = "only the operator adds rows"
ONE_A_STORE = "a row for each store"

# What bounds each table, with the test that shows it.
TABLES = {
    "stores": BY_THE_OPERATOR,
    "menu_versions": ONE_A_STORE,
    "store_settings": ONE_A_STORE,
    "event_horizon": "one row",
    "option_groups": f"LIMIT_OPTION_GROUPS, with retired ones ten times that: {MENUS}",
    "options": f"LIMIT_OPTIONS, with retired ones ten times that: {MENUS}",
    "menu_option_groups": "30 a menu: tests/api/test_options.py::test_a_menu_has_thirty_groups_at_most",
    "stock": f"one a menu or an option: {MENUS}",
    "stock_moves": f"the books: of orders that LIMIT_ORDER_RATE let in, and of what an admin counts: {RATE}",
    "tables": f"LIMIT_TABLES: {MENUS}",
    "categories": f"LIMIT_CATEGORIES: {MENUS}",
    "menus": f"LIMIT_MENUS, with retired ones ten times that: {LIMITS}test_what_is_retired_has_a_limit_too",
    "pictures": f"LIMIT_PICTURE_BYTES, with unused ones ten times that more: {PICTURES}",
    "table_sessions": f"one a table is active; ended ones go a day later: {PRUNED}",
    "orders": f"LIMIT_SESSION_ORDERS: {LIMITS}test_a_session_has_so_many_orders",
    "order_items": f"LIMIT_SESSION_LINES: {LIMITS}test_a_session_has_so_many_lines",
    "order_history": f"the books: one row a session, which only an admin ends, with orders up to the limits: {RATE}",
    "order_voids": f"the books: of orders that LIMIT_ORDER_RATE let in, by an admin: {RATE}",
    "idempotency_keys": f"one an order, which LIMIT_ORDER_RATE bounds; they go a day later: {RATE}",
    "admin_keys": f"one an end of a session; they go a day later: {PRUNED}",
    "failed_logins": f"they go with the window: {PRUNED}",
    "familiar_addresses": f"so many an account, for 30 days: {PRUNED}",
    "events": "they go after EVENT_RETENTION: "
    "tests/housekeeping/test_runner.py::test_the_stream_process_keeps_house_and_says_so",
    "stream_tickets": f"so many a holder: {LIMITS}test_a_holder_has_so_many_tickets_and_the_latest_count",
}

# The labels of the figures, and the closed set that each takes its values from.
LABELS = {
    "method": "metrics.METHODS and metrics.OTHER",
    "route": "the patterns of the URL map, and metrics.UNMATCHED",
    "status": "what handlers and Werkzeug answer",
    "outcome": "three words in transactions/replica.py",
    "table": "the tables of housekeeping",
}

# Functions whose results are kept, and the closed set that their arguments come from.
CACHED = {
    "tableorder/database/migrations.py": "the process's own files",
    "tableorder/domain/errors.py": "no arguments",
    "tableorder/domain/passwords.py": "the cost of the settings",
    "tableorder/domain/text.py": "single characters",
    "tableorder/web/requests.py": "the classes of the schemas",
    "tableorder/metrics.py": "LABELS",
    "tableorder/server/worker.py": "keeps one",
}


def test_every_table_says_what_bounds_it(connect):
    rows = query(
        connect(),
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname NOT LIKE %s",
        "%yoyo%",
    )
    assert {name for (name,) in rows} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_the_test_that_shows_a_bound_is_there(table):
    file, found, name = TABLES[table].rpartition(" ")[2].partition("::")
    if found:
        assert f"def {name}(" in (CHECKOUT / file).read_text(), TABLES[table]


def test_every_label_is_of_a_closed_set():
    registries = {prometheus_client.REGISTRY, stream_metrics.REGISTRY}
    collectors = {collector for registry in registries for collector in registry._collector_to_names}
    labels = {label for each in collectors for label in getattr(each, "_labelnames", ())}
    assert metrics.REQUESTS in collectors and labels == set(LABELS)


def test_every_cached_function_says_what_its_arguments_are():
    files = {str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / "tableorder").rglob("*.py") if _caches(file)}
    assert files == set(CACHED)


def _caches(file: Path) -> bool:
    nodes = ast.walk(ast.parse(file.read_text()))
    return any(isinstance(node, ast.Attribute) and node.attr in ("cache", "lru_cache") for node in nodes)


def test_documents_of_no_size_take_room_too():
    """Or so many keys of tiny documents were kept as anybody asks for."""
    cache = DocumentCache(max_bytes=100 * ENTRY_BYTES)
    for number in range(1000):
        cache.put(number, "1", b"{}")
    kept = [number for number in range(1000) if cache.get(number)]
    assert 90 <= len(kept) <= 100 and kept[-1] == 999
