"""Everything that clients can make more of has a bound, and a test that shows it.

Tables, labels, caches, what a process keeps in memory, lists that are answered, threads, connections and lines of the
log. Each is found in the catalog, in the routes or in the code, so a new one fails here until it has an entry that says
what bounds it.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import prometheus_client
import pytest
from marshmallow import fields

from tableorder import metrics
from tableorder.blueprints import find_nouns
from tableorder.config import Config
from tableorder.database.pool import PoolSettings
from tableorder.domain.identities import AdminIdentity
from tableorder.http import tokens
from tableorder.http.tokens import Bearer
from tableorder.stream import metrics as stream_metrics
from tableorder.stream.hub import Hub
from tableorder.web.app import create_app
from tableorder.web.document_cache import ENTRY_BYTES, DocumentCache
from tests.database.servers import free_port
from tests.factories import query
from tests.management.running import CHECKOUT
from tests.noun_entries import entries

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
    "admin_keys": f"one an end of a session or a count of the stock that had a key; they go a day later: {PRUNED}",
    "failed_logins": f"they go with the window: {PRUNED}",
    "familiar_addresses": f"so many an account, for 30 days: {PRUNED}",
    "events": "they go after EVENT_RETENTION: "
    "tests/housekeeping/test_runner.py::test_the_stream_process_keeps_house_and_says_so",
    "stream_tickets": f"so many a holder: {LIMITS}test_a_holder_has_so_many_tickets_and_the_latest_count",
}
TABLES |= entries("BOUNDS")

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

WORKER = "tests/deploy/test_worker.py::"
POOL = "tests/database/test_pool.py::"
STREAMS = "tests/api/test_streams.py::"
CONNECTIONS_OF_A_WORKER = WORKER + "test_beyond_its_number_of_connections_a_worker_takes_none_until_one_ends"
TOTAL = STREAMS + "test_streams_are_limited_per_store_and_in_all"
EXHAUSTED = POOL + "test_an_exhausted_pool_says_so_in_time_and_is_not_called_away"

# What a process that serves keeps: collections that are a module's or an object's, and what bounds each.
KEPT = {
    "tableorder/blueprints/menus.py: _menus": "bytes: tests/test_bounds.py::test_documents_of_no_size_take_room_too",
    "tableorder/blueprints/orders.py: _listings": "as the menus",
    "tableorder/web/document_cache.py: self._kept": "as the menus",
    "tableorder/http/tokens.py: _verified": "MAX_VERIFIED: tests/test_bounds.py::test_so_many_verified_tokens_are_kept",
    "tableorder/database/pool.py: connection.prepared": "the statements in our code",
    "tableorder/database/pool.py: self._queue": f"the threads of the process, which wait: {EXHAUSTED}",
    "tableorder/transactions/notifier.py: self._stores": "stores with news, while the database is told of others",
    "tableorder/metric_files.py: self._values": "LABELS",
    "tableorder/domain/image_conversion.py: shown.info": "emptied, of one picture",
    "tableorder/domain/menu_csv.py: self._sent_categories": "the rows of a table that is read: MAX_ENTRIES",
    "tableorder/domain/menu_csv.py: self._sent_groups": "as the categories",
    "tableorder/domain/menu_csv.py: self._entries": "as the categories",
    "tableorder/domain/menu_csv.py: self._sent_menus": "as the categories",
    "tableorder/server/worker.py: self._open": f"worker_connections: {CONNECTIONS_OF_A_WORKER}",
    "tableorder/server/worker.py: self.keepalived_conns": "as those that are open",
    "tableorder/stream/hub.py: self._feeds": "stores with a feed: "
    "tests/test_bounds.py::test_a_store_without_feeds_is_forgotten",
    "tableorder/stream/hub.py: self.streams": f"STREAMS_TOTAL and the limits of a store: {TOTAL}",
    "tableorder/stream/hub.py: self.table_streams": f"as the streams: {TOTAL}",
    "tableorder/stream/hub.py: self._frames": "KEPT and KEPT_BYTES: "
    f"{STREAMS}test_a_feed_keeps_what_not_all_streams_have_taken",
    "tableorder/stream/hub.py: self._tasks": "two a feed, to announce and to read its news, and the process's own",
    "tableorder/stream/hub.py: self._turns": "who has or awaits one: tests/test_bounds.py::test_a_turn_is_forgotten",
}

# Lists that are answered unpaged, and what bounds their length. Those with a `limit` in the query are pages.
LISTS = {
    "/api/v1/admin/staff": "staff",
    "/api/v1/admin/devices": "devices",
    "/api/v1/admin/categories": f"LIMIT_CATEGORIES: {MENUS}",
    "/api/v1/admin/menus": f"LIMIT_MENUS, LIMIT_OPTIONS: {MENUS}",
    "/api/v1/admin/menu-document": f"LIMIT_MENUS, LIMIT_OPTIONS, LIMIT_PICTURE_BYTES: {MENUS}",
    "/api/v1/admin/menus/labels": f"a few a menu: {MENUS}",
    "/api/v1/customer/menus": f"LIMIT_MENUS, LIMIT_OPTIONS: {MENUS}",
    "/api/v1/admin/dayparts": "LIMIT_DAYPARTS: tests/api/test_dayparts.py::test_a_store_has_so_many_dayparts",
    "/api/v1/admin/option-groups": f"LIMIT_OPTION_GROUPS, LIMIT_OPTIONS: {MENUS}",
    "/api/v1/admin/call-items": "LIMIT_CALL_ITEMS: tests/api/test_calls.py::test_a_store_has_so_many_items",
    "/api/v1/customer/call-items": "LIMIT_CALL_ITEMS: tests/api/test_calls.py::test_a_store_has_so_many_items",
    "/api/v1/admin/stock": f"one a menu or an option: {MENUS}",
    "/api/v1/admin/tables": f"LIMIT_TABLES: {MENUS}",
    "/api/v1/admin/orders": f"LIMIT_TABLES sessions: {LIMITS}test_a_session_has_so_many_lines",
    "/api/v1/admin/orders/<big_id:order_id>": "50 lines: "
    "tests/api/test_orders.py::test_fifty_lines_of_ninety_nine_are_the_most",
    "/api/v1/customer/orders/<big_id:order_id>": "50 lines",
}

# Where threads are started, and how many.
THREADS = {
    "tableorder/server/worker.py: run": "WEB_THREADS",
    "tableorder/transactions/notifier.py: notify": "one",
    "tableorder/web/long_work.py: __init__": "LIMIT_LOGIN_CHECKS and its like for pictures: "
    "tests/api/test_password_work.py::test_two_are_checked_at_once_and_more_are_refused_at_once",
    "tableorder/stream/hub.py: __init__": "constants",
}

# Where connections to PostgreSQL are opened, and how many at once.
CONNECTIONS = {
    "tableorder/database/hosts.py: connect": "for all that follow",
    "tableorder/database/hosts.py: connect_to_primary": "by commands",
    "tableorder/database/isolation.py: _connections": "one at the start",
    "tableorder/database/migrations.py: applied_migrations": "by commands",
    "tableorder/database/programs.py: libpq_environment": "by commands",
    "tableorder/database/pool.py: _connect": f"DATABASE_POOL_SIZE, DATABASE_MAX_OVERFLOW: {EXHAUSTED}",
    "tableorder/stream/listener.py: _connect": "one",
}

# Where the log is written beside a request's one line, and how often at most.
LOG = {
    "tableorder/blueprints/health.py: show_readiness": "one a request",
    "tableorder/http/problems.py: describe": "one a request",
    "tableorder/web/problems.py: _answer_crash": "one a request",
    "tableorder/transactions/replica.py: read": "one a request",
    "tableorder/database/connection.py: _account": "one a statement that was slow",
    "tableorder/database/embedded.py: _let_pass": "by commands",
    "tableorder/database/pool.py: _close": "for debugging, one a connection",
    "tableorder/housekeeping/runner.py: _prune": "one a table and minute",
    "tableorder/metric_files.py: _say": "one a file",
    "tableorder/server/worker.py: _serve": "one a connection that failed by our fault",
    "tableorder/stream/app.py: _serve": "one a feed, at its end",
    "tableorder/stream/hub.py: _keep_up": "one a second",
    "tableorder/stream/hub.py: _refresh": "one a store with feeds and second",
    "tableorder/stream/listener.py: run": "two a second",
}


def test_every_table_says_what_bounds_it(connect):
    rows = query(
        connect(),
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname NOT LIKE %s",
        "%yoyo%",
    )
    assert {name for (name,) in rows} == set(TABLES)


ENTRIES = [*TABLES.values(), *KEPT.values(), *LISTS.values(), *THREADS.values(), *CONNECTIONS.values()]


@pytest.mark.parametrize("entry", [entry for entry in dict.fromkeys(ENTRIES) if "::" in entry])
def test_the_test_that_shows_a_bound_is_there(entry):
    file, _, name = entry.rpartition(" ")[2].partition("::")
    assert f"def {name}(" in (CHECKOUT / file).read_text(), entry


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


# What the code keeps, starts, opens and writes

MAKERS = {"dict", "list", "set", "deque", "OrderedDict", "Counter", "defaultdict", "SimpleQueue", "Queue"}
MAKERS |= {"WeakValueDictionary", "DocumentCache"}
COMMANDS = ("management", "backups")  # which no client reaches
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def serving() -> Iterator[tuple[str, ast.Module]]:
    """The code of the processes that serve, by file."""
    for path in sorted((CHECKOUT / "tableorder").rglob("*.py")):
        if path.relative_to(CHECKOUT / "tableorder").parts[0] not in COMMANDS:
            yield str(path.relative_to(CHECKOUT)), ast.parse(path.read_text())


def name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def is_collection(value: ast.expr | None) -> bool:
    """Whether it makes one that is empty. A figure's Counter has a text; what has something in it is a constant."""
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List):
        return not value.elts
    if not isinstance(value, ast.Call):
        return False
    is_figure = any(isinstance(argument, ast.Constant) and isinstance(argument.value, str) for argument in value.args)
    return (
        name_of(value.func.value if isinstance(value.func, ast.Subscript) else value.func) in MAKERS and not is_figure
    )


def collections_that_last() -> set[str]:
    """Those that belong to a module or an object."""
    found = set()
    for file, tree in serving():
        for scope in ast.walk(tree):
            for node in ast.iter_child_nodes(scope):
                if isinstance(node, ast.Assign | ast.AnnAssign) and is_collection(node.value):
                    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                    if isinstance(target, ast.Attribute) or isinstance(scope, ast.Module):
                        found.add(f"{file}: {ast.unparse(target)}")
    return found


def calls(wanted: Callable[[ast.expr], bool]) -> set[str]:
    """The functions that call such a thing."""
    found = set()
    for file, tree in serving():
        for function in ast.walk(tree):
            is_function = isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and any(isinstance(node, ast.Call) and wanted(node.func) for node in ast.walk(function)):
                found.add(f"{file}: {function.name}")
    return found


def test_all_that_is_kept_in_memory_says_what_bounds_it():
    assert collections_that_last() == set(KEPT)


def test_all_threads_are_so_many():
    assert calls(lambda called: name_of(called) in ("Thread", "Timer", "ThreadPoolExecutor")) == set(THREADS)


def test_all_connections_are_so_many():
    def opens(called: ast.expr) -> bool:
        if not isinstance(called, ast.Attribute) or called.attr != "connect":
            return False
        on = called.value
        is_hosts = (isinstance(on, ast.Call) and name_of(on.func) == "Hosts") or "hosts" in name_of(on)
        return is_hosts or name_of(on) == "psycopg2"

    assert calls(opens) == set(CONNECTIONS)


def test_all_lines_of_the_log_are_so_many():
    def writes(called: ast.expr) -> bool:
        return isinstance(called, ast.Attribute) and called.attr in LEVELS and "log" in name_of(called.value)

    assert calls(writes) == set(LOG)


def test_so_many_verified_tokens_are_kept(monkeypatch):
    monkeypatch.setattr(tokens, "MAX_VERIFIED", 10)
    monkeypatch.setattr(tokens, "_verified", {})
    for number in range(25):
        token = tokens.issue_token(AdminIdentity(number + 1, "사장"), "secret" * 8)
        assert tokens.read_authorization(f"Bearer {token}", "secret" * 8).identity.store_id == number + 1
        assert len(tokens._verified) <= 10


@pytest.fixture
def hub() -> Hub:
    return Hub(Config(pool=PoolSettings(dsn=f"postgresql://nobody@127.0.0.1:{free_port()}/none"), jwt_secret_key="-"))


def test_a_turn_is_forgotten(hub):
    for number in range(1000):
        hub._turn(("tickets", number))
    assert len(hub._turns) <= 1


def test_a_store_without_feeds_is_forgotten(hub):
    async def come_and_go() -> None:
        for number in range(1, 100):
            with hub.join(Bearer(AdminIdentity(number, "사장"), 2**31)):
                assert len(hub._feeds) == 1
        await asyncio.gather(*hub._tasks)

    asyncio.run(come_and_go())
    assert hub._feeds == {} and hub._tasks == set()


def test_all_lists_are_pages_or_say_what_bounds_them():
    app = create_app(Config(pool=PoolSettings(dsn="postgresql://"), jwt_secret_key="-"), find_nouns())
    found = set()
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation is None or "GET" not in (rule.methods or ()):
            continue
        schemas = [answer.schema for answer in operation.answers.values() if isinstance(answer.schema, type)]
        has_list = any(isinstance(field, fields.List) for schema in schemas for field in schema().fields.values())
        if has_list and not (operation.query and "cursor" in operation.query().fields):
            found.add(rule.rule)
    assert found == set(LISTS)
