"""The schema that the migrations make, compared with schema.txt and docs/schema.svg, and with the first design's names.

`RENEW=1 bin/test tests/migrations/test_schema_snapshot.py` writes both files anew: read the diff.
"""

import os
import re
from pathlib import Path

import pytest

from tests.management.running import CHECKOUT
from tests.migrations.schema_diagram import draw, read_tables
from tests.migrations.schema_snapshot import SNAPSHOT, describe_schema

# What clients of the database rely on.
FIRST_TABLES = "stores categories menus tables table_sessions orders order_items order_history"
FIRST_INDEXES = """
    idx_categories_store_id idx_menus_store_id idx_menus_category_id idx_tables_store_id idx_table_sessions_table_id
    idx_table_sessions_active idx_orders_session_id idx_orders_table_id idx_orders_store_id idx_orders_time
    idx_order_items_order_id idx_order_history_store_id idx_order_history_table_id idx_order_history_time
"""
FIRST_TRIGGERS = {
    "trigger_update_table_current_session AFTER INSERT ON table_sessions": "update_table_current_session()",
    "trigger_clear_table_current_session AFTER UPDATE ON table_sessions": "clear_table_current_session()",
}


@pytest.fixture
def renewed(connect):
    """Compares a file with what it should be, or writes it if RENEW is set."""

    def compare(file: Path, text: str) -> None:
        if os.environ.get("RENEW"):
            file.write_text(text)
        assert file.read_text() == text

    return compare


def test_the_schema_is_the_snapshot(connect, renewed):
    renewed(SNAPSHOT, describe_schema(connect()))


def test_the_drawing_is_of_the_schema_as_it_is(connect, renewed):
    renewed(CHECKOUT / "docs" / "schema.svg", draw(read_tables(connect())))


def test_the_names_of_the_first_design_are_there(connect):
    schema = describe_schema(connect())
    for table in FIRST_TABLES.split():
        assert re.search(rf"^{table}$", schema, re.MULTILINE)
    for index in FIRST_INDEXES.split():
        assert f"INDEX {index} ON" in schema
    for trigger, function in FIRST_TRIGGERS.items():
        assert re.search(
            rf"TRIGGER {trigger} FOR EACH ROW EXECUTE FUNCTION {re.escape(function)}$", schema, re.MULTILINE
        )


def test_nothing_is_invalid_or_switched_off_and_owners_rights_keep_to_their_schema(connect):
    schema = describe_schema(connect())
    assert "INVALID" not in schema and "NOT ENABLED" not in schema
    for line in schema.splitlines():
        if "with its owner's rights" in line:
            assert "search_path=pg_catalog, public, pg_temp" in line and "may be called by" in line
            assert " all" not in line.partition("may be called by")[2]
