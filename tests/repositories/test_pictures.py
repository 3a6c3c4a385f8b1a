"""A picture that is taken into use while it is removed, or left by its last menu: what is shown is there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator

import pytest

from tableorder.backups.checks import checks
from tableorder.database.connection import Connection
from tableorder.domain.images import Picture
from tableorder.housekeeping import tables
from tableorder.repositories.menus import MenuRepository
from tableorder.repositories.pictures import OldPicture, OldPictureRepository
from tests.interleaving import Stage, opened_stage

STORE = 1
[PICTURES_RULE] = [check.query for check in checks() if check.name == "pictures"]

# What holds up the use of a picture, before a menu has it and before that is committed.
BEFORE_THE_MENU = "LOCK TABLE menus IN SHARE MODE"
AFTER_THE_MENU = "SELECT FROM menu_versions WHERE store_id = 1 FOR UPDATE"

# The pictures of the store, as housekeeping finds them a day after they were left.
AGE = "UPDATE pictures SET unused_since = unused_since - interval '25 hours' WHERE unused_since IS NOT NULL"


@pytest.fixture(scope="module")
def shared_stage(make_database: Callable[[], str]) -> Iterator[Stage]:
    with opened_stage(make_database()) as stage:
        stage.query("INSERT INTO stores VALUES (1, '온달', '온달', '-')")
        stage.query("INSERT INTO categories (category_id, store_id, category_name) VALUES (1, 1, '국')")
        yield stage


@pytest.fixture
def stage(shared_stage: Stage) -> Iterator[Stage]:
    yield shared_stage
    assert shared_stage.query(PICTURES_RULE) == []
    shared_stage.query("DELETE FROM pictures WHERE unused_since IS NOT NULL")


@pytest.fixture
def picture() -> Picture:
    return Picture(secrets.token_bytes(8))


def add_menu(stage: Stage, picture: Picture | None = None) -> int:
    return stage.start(STORE, lambda connection: add(connection, picture)).outcome()


def add(connection: Connection, picture: Picture | None) -> int:
    values = {"category_id": 1, "menu_name": "국", "translations": {}, "price": 1, "description": None, "spicy": 0}
    values |= {"allergens": None, "origins": [], "min_age": None, "display_order": None, "is_available": True}
    return json.loads(MenuRepository(connection).add(store_id=STORE, values=values, picture=picture))["menu_id"]


def delete(menu_id: int) -> Callable[[Connection], None]:
    return lambda connection: MenuRepository(connection).delete(menu_id=menu_id)


def add_unused(stage: Stage, picture: Picture) -> None:
    delete_menu = delete(add_menu(stage, picture))
    assert stage.start(STORE, delete_menu).outcome() is None
    stage.query(AGE)


def prune(stage: Stage) -> int:
    return stage.start(STORE, lambda connection: tables.prune_pictures(connection, 100)).outcome()


def is_unused(stage: Stage, picture: Picture) -> bool:
    [(is_unused,)] = stage.query("SELECT unused_since IS NOT NULL FROM pictures WHERE sha256 = %s", [picture.sha256])
    return is_unused


def use_in_new_menu(stage: Stage, picture: Picture) -> Callable[[Connection], object]:
    return lambda connection: add(connection, picture)


def use_in_menu(stage: Stage, picture: Picture) -> Callable[[Connection], object]:
    menu_id = add_menu(stage, Picture(secrets.token_bytes(8)))
    return lambda connection: MenuRepository(connection).update(
        store_id=STORE, menu_id=menu_id, changes={}, picture=picture, sets_picture=True
    )


def convert(stage: Stage, picture: Picture) -> Callable[[Connection], object]:
    menu_id = add_menu(stage)
    stage.query("UPDATE menus SET image_base64 = 'data:' WHERE menu_id = %s", [menu_id])
    old = OldPicture(menu_id, STORE, "data:")
    return lambda connection: OldPictureRepository(connection).replace(store_id=STORE, pictures={old: picture})


every_use = pytest.mark.parametrize("use", [use_in_new_menu, use_in_menu, convert])


@every_use
@pytest.mark.parametrize("moment", [BEFORE_THE_MENU, AFTER_THE_MENU])
def test_what_is_used_again_is_not_removed(stage, picture, use, moment):
    """Housekeeping leaves the picture to the use, which has locked it."""
    add_unused(stage, picture)
    work = use(stage, picture)
    with stage.hold(moment) as hold:
        used = stage.start(STORE, work)
        assert used.is_held_up()
        assert prune(stage) == 0
        hold.release()
        assert used.outcome()
    assert prune(stage) == 0 and not is_unused(stage, picture)


@every_use
@pytest.mark.parametrize("is_removed", [True, False])
def test_what_is_being_removed_is_used_again(stage, picture, use, is_removed):
    """The use waits for the removal, and brings the picture along."""
    add_unused(stage, picture)
    work = use(stage, picture)
    with stage.hold("SELECT prune_pictures(100)") as hold:
        used = stage.start(STORE, work)
        assert used.is_held_up()
        if is_removed:
            hold.connection.commit()
        hold.release()
        assert used.outcome()
    assert prune(stage) == 0 and not is_unused(stage, picture)


@every_use
def test_what_one_menu_leaves_and_another_takes_is_in_use(stage, picture, use):
    left, work = add_menu(stage, picture), use(stage, picture)
    with stage.hold(AFTER_THE_MENU) as hold:
        used = stage.start(STORE, work)
        assert used.is_held_up()
        deleted = stage.start(STORE, delete(left))
        assert deleted.is_held_up()
        hold.release()
        assert used.outcome() and deleted.outcome() is None
    assert not is_unused(stage, picture)


@every_use
def test_what_one_menu_has_just_left_another_takes(stage, picture, use):
    left, work = add_menu(stage, picture), use(stage, picture)
    with stage.hold(AFTER_THE_MENU) as hold:
        deleted = stage.start(STORE, delete(left))
        assert deleted.is_held_up()
        used = stage.start(STORE, work)
        assert used.is_held_up()
        hold.release()
        assert used.outcome() and deleted.outcome() is None
    assert not is_unused(stage, picture)


def test_what_two_menus_leave_at_once_is_unused(stage, picture):
    menu_ids = [add_menu(stage, picture) for _ in range(2)]
    with stage.hold(AFTER_THE_MENU) as hold:
        deleted = [stage.start(STORE, delete(menu_id)) for menu_id in menu_ids]
        assert [each.is_held_up() for each in deleted] == [True, True]
        hold.release()
        assert [each.outcome() for each in deleted] == [None, None]
    assert is_unused(stage, picture)


def test_a_process_of_the_version_before_takes_the_picture_from_a_menu(stage, picture):
    """It writes the old column alone, while another menu takes the same picture."""
    left = add_menu(stage, picture)
    work = use_in_menu(stage, picture)
    with stage.hold("UPDATE menus SET image_base64 = 'data:' WHERE menu_id = %s", [left]) as hold:
        used = stage.start(STORE, work)
        assert used.is_held_up()
        hold.connection.commit()
        hold.release()
        assert used.outcome()
    [(sha256,)] = stage.query("SELECT picture_sha256 FROM menus WHERE menu_id = %s", [left])
    assert sha256 is None and not is_unused(stage, picture)
