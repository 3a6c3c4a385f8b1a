"""A document that is put while somebody else changes the menu: held interleavings."""

from __future__ import annotations

import json

import pytest

from tableorder.domain.errors import MenuNotFound, PreconditionFailed
from tableorder.domain.menu_document import entries_of
from tableorder.repositories.menu_document import MenuDocumentRepository
from tableorder.repositories.menus import COLUMNS, MenuRepository
from tableorder.repositories.options import OptionRepository
from tableorder.schemas.menu_document import DEFAULTS
from tests.factories import add_category, add_menu, add_store
from tests.interleaving import opened_stage

HOLD = "SELECT FROM menu_versions WHERE store_id = %s FOR UPDATE"
NEW = dict.fromkeys(COLUMNS) | {
    "menu_name": "새 메뉴", "translations": {}, "origins": [], "spicy": 0, "price": 1000, "is_available": True,
}  # fmt: skip


@pytest.fixture
def stage(database_url):
    with opened_stage(database_url) as stage:
        yield stage


@pytest.fixture
def store_id(stage):
    return add_store(stage.superuser)


@pytest.fixture
def category_id(stage, store_id):
    return add_category(stage.superuser, store_id)


@pytest.fixture
def menu_id(stage, store_id, category_id):
    return add_menu(stage.superuser, store_id, category_id, price=9000)


@pytest.fixture
def document(stage, store_id, menu_id):
    _, text = stage.start(store_id, lambda c: MenuDocumentRepository(c).get(store_id=store_id)).outcome()
    document = json.loads(text)
    document["menus"][0]["price"] = 9500
    return document


def put(store_id, document, **options):
    entries, versions = [*entries_of(document)], [document["version"]]
    return lambda connection: MenuDocumentRepository(connection).put(
        store_id=store_id, entries=entries, defaults=DEFAULTS, versions=versions, **options
    )


def prices(stage, store_id):
    return stage.query("SELECT price FROM menus WHERE store_id = %s AND deleted_at IS NULL ORDER BY 1", (store_id,))


def edits(store_id, category_id, menu_id):
    """What changes the menu otherwise: a change, an addition, a deletion, another noun."""
    return {
        "change": lambda c: MenuRepository(c).update(store_id=store_id, menu_id=menu_id, changes={"price": 8000}),
        "add": lambda c: MenuRepository(c).add(store_id=store_id, values=NEW | {"category_id": category_id}),
        "delete": lambda c: MenuRepository(c).delete(menu_id=menu_id),
        "group": lambda c: OptionRepository(c).add_group(
            store_id=store_id,
            values={
                "group_name": "양", "translations": {}, "min_select": 0, "max_select": 1, "max_each": 1,
                "display_order": None,
            },
        ),
    }  # fmt: skip


@pytest.mark.parametrize("edit", ["change", "add", "delete", "group"])
def test_who_comes_after_an_edit_is_told(stage, store_id, category_id, menu_id, document, edit):
    with stage.hold(HOLD, (store_id,)) as hold:
        edited = stage.start(store_id, edits(store_id, category_id, menu_id)[edit])
        assert edited.is_held_up()  # it has changed its row, and is about to renew the version
        imported = stage.start(store_id, put(store_id, document))
        assert imported.is_held_up()
        hold.release()
        assert not isinstance(edited.outcome(), Exception)
        assert isinstance(imported.outcome(), PreconditionFailed)
    assert (9500,) not in prices(stage, store_id)


@pytest.mark.parametrize("edit", ["change", "add", "delete", "group"])
def test_an_edit_that_comes_after_it_is_done_upon_it(stage, store_id, category_id, menu_id, document, edit):
    with stage.hold(HOLD, (store_id,)) as hold:
        imported = stage.start(store_id, put(store_id, document))
        assert imported.is_held_up()  # it has locked all that there is
        edited = stage.start(store_id, edits(store_id, category_id, menu_id)[edit])
        assert edited.is_held_up()
        hold.release()
        answer = json.loads(imported.outcome())
        assert [change["field"] for change in answer["updated"]] == ["price"]
        assert not isinstance(edited.outcome(), Exception)
    expected = {"change": [(8000,)], "add": [(1000,), (9500,)], "delete": [], "group": [(9500,)]}
    assert prices(stage, store_id) == expected[edit]
    [(version,)] = stage.query("SELECT version::text FROM menu_versions WHERE store_id = %s", (store_id,))
    assert version != answer["version"]


def test_an_edit_of_what_it_retires_is_told(stage, store_id, category_id, menu_id, document):
    document["menus"] = []
    with stage.hold(HOLD, (store_id,)) as hold:
        imported = stage.start(store_id, put(store_id, document, replaces=True))
        assert imported.is_held_up()
        edited = stage.start(store_id, edits(store_id, category_id, menu_id)["change"])
        assert edited.is_held_up()
        hold.release()
        assert not isinstance(imported.outcome(), Exception)
        assert isinstance(edited.outcome(), MenuNotFound)


def test_of_two_documents_made_from_one_version_one_is_put(stage, store_id, document):
    with stage.hold(HOLD, (store_id,)) as hold:
        first = stage.start(store_id, put(store_id, document))
        assert first.is_held_up()
        second = stage.start(store_id, put(store_id, document))
        assert second.is_held_up()
        hold.release()
        assert not isinstance(first.outcome(), Exception)
        assert isinstance(second.outcome(), PreconditionFailed)


def test_a_look_at_what_would_change_waits_for_nobody(stage, store_id, menu_id, document):
    with stage.hold("SELECT FROM menus WHERE menu_id = %s FOR UPDATE", (menu_id,)):
        looked = stage.start(store_id, put(store_id, document, writes=False))
        assert not looked.is_held_up() and json.loads(looked.outcome())["updated"]
    assert prices(stage, store_id) == [(9000,)]
