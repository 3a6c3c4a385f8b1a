"""What PostgreSQL alone can do: the application's own statements, as scripts for pgbench.

The store is set as the application sets it, in the same round trip (a pipeline) and transaction.
"""

from __future__ import annotations

from tableorder.repositories.menus import CATALOG
from tableorder.repositories.orders import BY_TABLE, OF_SESSION, PLACE
from tests.bench.rivals.sql import filled_in
from tests.bench.town import MENUS, TABLES, Town

SESSION = "lpad(to_hex(:table::int), 32, '0')::uuid"

LINES = (
    "json_build_array(json_build_object('menu_id', :one::int, 'quantity', 1),"
    " json_build_object('menu_id', :two::int, 'quantity', 2),"
    " json_build_object('menu_id', :three::int, 'quantity', 3))"
)

PIPELINE = """\\set table random(1, {tables})
\\set store (:table - 1) / {per_store} + 1
\\set first (:store - 1) * {menus}
\\set one :first + random(1, 20)
\\set two :first + random(21, 40)
\\set three :first + random(41, 60)
\\startpipeline
SELECT set_config('app.store_id', :store, true);
{statement};
\\endpipeline
"""

STATEMENTS = {
    "menus": filled_in(
        CATALOG,
        {
            "store_id": ":store",
            "category_id": "NULL",
            "known_editions": "'{}'",
            "wanted": "NULL",
            "for_admin": "false",
            "with_pictures": "true",
        },
    ),
    "order": filled_in(
        PLACE,
        {
            "session_id": SESSION,
            "table_id": ":table",
            "items": LINES,
            "note": "NULL",
            "wanted": "NULL",
            "expected_total": "NULL",
            "key": "NULL",
            "request_hash": "NULL",
            "order_rate": "0",
            "session_orders": "0",
            "session_lines": "0",
        },
    ),
    "orders": filled_in(
        OF_SESSION,
        {
            "session_id": SESSION,
            "store_id": ":store",
            "with_position": "false",
            "limit": "NULL",
            "before_time": "NULL",
            "before_id": "NULL",
        },
    ),
    "dashboard": filled_in(
        BY_TABLE, {"store_id": ":store", "status": "NULL", "table_id": "NULL", "known_version": "NULL"}
    ),
}


def pgbench_script(town: Town, workload: str) -> str:
    """The script for a workload that has one."""
    tables = town.stores * TABLES
    return PIPELINE.format(tables=tables, per_store=TABLES, menus=MENUS, statement=STATEMENTS[workload])
