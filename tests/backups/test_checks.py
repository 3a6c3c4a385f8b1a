"""sql/checks.sql: everything holds after ordinary business, and each of its rules notices what it is about."""

from __future__ import annotations

import subprocess

import pytest

from tableorder.backups.checks import SOURCE, checks, run_checks
from tests.backups.commands import PROGRAMS
from tests.factories import query

# What breaks a rule: by rule, then by case. The stores are 1 and 2.
HARM = {
    "order_total": {
        "another total": "UPDATE orders SET total_amount = total_amount + 1 WHERE store_id = 1",
        "a line is gone": "DELETE FROM order_items WHERE store_id = 1",
    },
    "line_price": {
        "another price": """
            ALTER TABLE order_items DROP CONSTRAINT order_items_price_check;
            UPDATE order_items SET base_price = base_price + 1 WHERE store_id = 1""",
    },
    "stock": {
        "another count": "UPDATE stock SET remaining = remaining + 1 WHERE store_id = 1",
        "a stock that nobody counted": """
            INSERT INTO stock (store_id, menu_id, remaining) SELECT store_id, menu_id, 5 FROM menus""",
    },
    "option_groups": {
        "retired, but a menu has it": "UPDATE option_groups SET deleted_at = now() WHERE store_id = 1",
        "too few options": "UPDATE option_groups SET min_select = 1 WHERE store_id = 1; DELETE FROM options",
    },
    "current_session": {
        "no pointer": "UPDATE tables SET current_session_id = NULL WHERE table_number = 1 AND store_id = 1",
        "a pointer to another": "UPDATE tables SET current_session_id = gen_random_uuid() WHERE store_id = 1",
        "two active": """
            DROP INDEX table_sessions_one_active_per_table;
            INSERT INTO table_sessions (store_id, table_id)
            SELECT store_id, table_id FROM tables WHERE store_id = 1""",
    },
    "session_end": {
        "over without an end": "UPDATE table_sessions SET end_time = NULL WHERE NOT is_active",
    },
    "live_orders": {
        "of a session that is over": """
            UPDATE tables SET current_session_id = NULL WHERE store_id = 1;
            UPDATE table_sessions SET is_active = false, end_time = now() WHERE store_id = 1 AND is_active""",
    },
    "archived_session": {
        "and still active": """
            INSERT INTO order_history (session_id, table_id, store_id, archived_order_data)
            SELECT session_id, table_id, store_id, '{"orders": [], "session_total": 0}'
              FROM table_sessions WHERE is_active AND store_id = 1""",
    },
    "open_calls": {
        "of a session that is over": "UPDATE table_sessions SET is_active = false",
    },
    "history_form": {
        "an order without lines": """
            UPDATE order_history SET archived_order_data = archived_order_data #- '{orders,0,items}'
             WHERE history_id = 1""",
        "orders that are no list": """
            UPDATE order_history SET archived_order_data = '{"orders": {}, "session_total": 0}'
             WHERE session_id NOT IN (SELECT session_id FROM idempotency_keys) OR history_id = 1""",
        "no total": """
            UPDATE order_history SET archived_order_data = archived_order_data - 'session_total'
             WHERE history_id = 1""",
    },
    "history_total": {
        "another total": """
            UPDATE order_history SET archived_order_data = jsonb_set(archived_order_data, '{session_total}', '1')
             WHERE history_id = 1""",
    },
    "book_lines": {
        "in the history": """
            UPDATE order_history
               SET archived_order_data = jsonb_set(archived_order_data, '{orders,0,items,0,quantity}', '3')
             WHERE history_id = 1""",
        "in a void": """
            UPDATE order_voids SET voided_order = jsonb_set(voided_order, '{items,0,unit_price}', '"dear"')""",
    },
    "void_form": {
        "another order": "UPDATE order_voids SET voided_order = jsonb_set(voided_order, '{order_id}', '999999')",
        "another session": "UPDATE order_voids SET voided_order = voided_order - 'session_id'",
    },
    "one_place": {
        "archived twice": """
            INSERT INTO order_history (session_id, table_id, store_id, archived_order_data)
            SELECT gen_random_uuid(), table_id, store_id, archived_order_data
              FROM order_history WHERE history_id = 1""",
        "live and archived": """
            UPDATE order_history
               SET archived_order_data = jsonb_set(archived_order_data, '{orders,0,order_id}',
                                                   (SELECT to_jsonb(min(order_id)) FROM orders))
             WHERE session_id = (SELECT session_id FROM order_history ORDER BY history_id DESC LIMIT 1);
            DELETE FROM idempotency_keys""",
        "live and voided": """
            INSERT INTO order_voids (store_id, order_id, session_id, table_id, table_number, voided_by, voided_order)
            SELECT orders.store_id, orders.order_id, orders.session_id, orders.table_id, 1, '사장',
                   jsonb_set(jsonb_set(voided_order, '{order_id}', to_jsonb(orders.order_id)),
                             '{session_id}', to_jsonb(orders.session_id))
              FROM orders JOIN order_voids USING (store_id) WHERE store_id = 1""",
    },
    "references": {
        "a menu in a category of another store": """
            UPDATE menus SET category_id = (SELECT category_id FROM categories WHERE store_id = 2)
             WHERE store_id = 1""",
        "a table without its store": """
            INSERT INTO tables (store_id, table_number, table_password_hash) VALUES (99, 1, '-')""",
        "one of the staff without their store": """
            INSERT INTO staff (store_id, username, display_name, role, password_hash)
            VALUES (99, 'minji', '김민지', 'staff', '-')""",
        "a device of another store's table": "UPDATE devices SET store_id = 3 - store_id",
        "a call item without its store": "INSERT INTO call_items (store_id, label) VALUES (99, '물')",
        "a category without its store": "INSERT INTO categories (store_id, category_name) VALUES (99, '찌개')",
        "a session at a table of another store": """
            UPDATE table_sessions SET store_id = 2 WHERE NOT is_active AND store_id = 1""",
        "an order of another store's session": "UPDATE orders SET store_id = 3 - store_id WHERE store_id = 1",
        "a line of another store's menu": """
            UPDATE order_items SET menu_id = (SELECT menu_id FROM menus WHERE store_id = 2) WHERE store_id = 1""",
        "a line without its order": """
            INSERT INTO order_items (order_id, store_id, menu_id, menu_name, quantity, base_price, unit_price)
            SELECT 999999, store_id, menu_id, menu_name, 1, 1, 1 FROM menus""",
        "an option of another store's group": """
            UPDATE options SET group_id = (SELECT group_id FROM option_groups WHERE store_id = 2)
             WHERE store_id = 1""",
        "a menu with another store's group": """
            UPDATE menu_option_groups SET group_id = (SELECT group_id FROM option_groups WHERE store_id = 2)
             WHERE store_id = 1""",
        "a stock of another store's option": "UPDATE stock SET store_id = 3 - store_id",
        "a call of another store's session": "UPDATE calls SET store_id = 3 - store_id WHERE closed_at IS NULL",
        "a call of another table's session": "UPDATE calls SET table_id = table_id + 999 WHERE closed_at IS NULL",
        "a call without its session": "UPDATE calls SET session_id = gen_random_uuid() WHERE closed_at IS NULL",
    },
    "book_stores": {
        "an archive": "UPDATE order_history SET store_id = 3 - store_id",
        "a void": "UPDATE order_voids SET store_id = 3 - store_id",
    },
    "idempotency_keys": {
        "of an order that is nowhere": """
            UPDATE idempotency_keys SET answer = '{"order_id": 999999}' WHERE store_id = 1""",
        "of another store": "UPDATE idempotency_keys SET store_id = 3 - store_id WHERE store_id = 1",
        "without an order": "UPDATE idempotency_keys SET answer = '{}' WHERE store_id = 1",
    },
    "menu_versions": {"none": "DELETE FROM menu_versions WHERE store_id = 1"},
    "menu_languages": {
        "one that is not known": "UPDATE menu_versions SET languages = '{}' WHERE store_id = 1",
        "one that is gone": "UPDATE menus SET translations = '{}' WHERE store_id = 1",
    },
    "menu_periods": {
        "none": """
            INSERT INTO dayparts (store_id, daypart_name, hours) VALUES (1, '밤', '[]');
            UPDATE menu_versions SET period = NULL""",
        "of nothing": "DELETE FROM dayparts; UPDATE menu_versions SET period = tstzrange(now(), NULL)",
    },
    "pictures": {
        "a menu's is gone": "DELETE FROM pictures WHERE store_id = 1 AND unused_since IS NULL",
        "a menu shows one of another store": """
            UPDATE menus SET store_id = 2, category_id = (SELECT category_id FROM categories WHERE store_id = 2)
             WHERE store_id = 1""",
        "shown, but to be removed": "UPDATE pictures SET unused_since = now() WHERE store_id = 1",
        "kept for ever, but not shown": "UPDATE pictures SET unused_since = NULL WHERE store_id = 1",
    },
    "event_horizon": {
        "none": "DELETE FROM event_horizon",
        "two": "INSERT INTO event_horizon (pruned_up_to) VALUES (1)",
    },
    "sequences": {
        name: f"SELECT setval('{name}', 1)"
        for name in (
            "stores_store_id_seq",
            "categories_category_id_seq",
            "menus_menu_id_seq",
            "option_groups_group_id_seq",
            "options_option_id_seq",
            "stock_stock_id_seq",
            "stock_moves_move_id_seq",
            "tables_table_id_seq",
            "orders_order_id_seq",
            "order_items_order_item_id_seq",
            "order_history_history_id_seq",
            "order_voids_void_id_seq",
            "events_event_id_seq",
            "staff_staff_id_seq",
            "devices_device_id_seq",
            "call_items_call_item_id_seq",
            "calls_call_id_seq",
            "dayparts_daypart_id_seq",
            "audit_log_audit_id_seq",
        )
    },
}


def test_every_invariant_holds_after_meals(meals):
    findings = run_checks(meals)
    assert findings.violated == {}
    assert findings.inapplicable == []
    assert findings.held == len(checks()) == SOURCE.read_text().count("\\echo")


def test_every_check_can_fail():
    assert [check.name for check in checks()] == list(HARM)


def test_every_sequence_is_checked(meals):
    sequences = query(meals, "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
    assert {name for (name,) in sequences} == {*HARM["sequences"]}


@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in HARM.items() for case in cases])
def test_a_check_fails_on(meals, name, case):
    query(meals, "SET session_replication_role = replica")  # without triggers and foreign keys
    query(meals, HARM[name][case])
    assert name in run_checks(meals).violated


def test_a_person_can_run_them_with_psql(meals_url, meals):
    query(meals, "SET session_replication_role = replica")
    query(meals, "DELETE FROM menu_versions")
    command = [PROGRAMS / "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", meals_url, "--file", SOURCE]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert shown.count("(0 rows)") == len(checks()) - 1
    assert "menu_versions: every store has a version of its menu\n" in shown
    assert "(2 rows)" in shown


def test_the_application_gets_an_error_and_no_false_comfort(meals_url):
    command = [PROGRAMS / "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", meals_url, "--command=SET ROLE tableorder"]
    done = subprocess.run([*command, "--file", SOURCE], capture_output=True, text=True)
    assert done.returncode == 3
    assert "row-level security" in done.stderr
