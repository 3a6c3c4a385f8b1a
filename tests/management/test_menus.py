"""`bin/tableorder menu`: a menu goes into a file, and a file into a menu."""

from __future__ import annotations

import json

import pytest

from tests.factories import add_category, add_menu, add_store
from tests.management.running import manage


@pytest.fixture
def owner(connect):
    connection = connect()
    store_id = add_store(connection, admin_username="owner")
    add_menu(connection, store_id, add_category(connection, store_id, category_name="찌개"), menu_name="김치찌개")
    add_store(connection, admin_username="other")
    return connection


@pytest.fixture
def menu(database_url, tmp_path):
    """Runs a command of `bin/tableorder menu`."""

    def run_menu(*arguments, status=0):
        done = manage("menu", *map(str, arguments), home=tmp_path, DATABASE_URL=database_url)
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr

    return run_menu


def test_a_menu_goes_into_a_file_and_into_another_restaurant(owner, menu, tmp_path):
    file, copy, table = tmp_path / "menu.json", tmp_path / "copy.json", tmp_path / "menu.csv"
    menu("export", "--username", "owner", file)
    told, diff = menu("import", "--username", "other", file, status=1)
    assert "+ menu " in diff and "use --force" in diff and told == ""
    menu("import", "--username", "other", file, "--force")
    menu("export", "--username", "other", copy, "--pictures")
    before, after = json.loads(file.read_text()), json.loads(copy.read_text())
    assert [each["menu_name"] for each in after["menus"]] == ["김치찌개"]
    assert after["categories"] == before["categories"]
    menu("export", "--username", "owner", table)
    table.write_bytes(table.read_bytes().replace(b"9000", b"9500"))
    told, _ = menu("import", "--username", "owner", table, "--force", "--json")
    assert [(each["field"], each["to"]) for each in json.loads(told)["updated"]] == [("price", 9500)]


def test_mistakes_in_a_file_are_told(owner, menu, tmp_path):
    file = tmp_path / "menu.json"
    for content, told in (
        ("{", "is not valid JSON"),
        ('{"format": "tableorder.menu/1", "menus": [{"ref": "m", "price": 0}]}', "/menus/0/price: "),
        ('{"format": "tableorder.menu/1", "menus": [{"ref": "m"}]}', "/menus/0/menu_name: "),
    ):
        file.write_text(content)
        assert told in menu("import", "--username", "owner", file, "--force", status=1)[1]
    menu("export", "--username", "nobody", file, status=1)
