"""When a daypart is on, by functions of a moment, and dayparts that are attached and deleted at once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tableorder.domain.errors import DaypartNotFound
from tableorder.repositories.dayparts import DaypartRepository
from tests.interleaving import Stage, opened_stage

SEOUL, BERLIN, LORD_HOWE = "Asia/Seoul", "Europe/Berlin", "Australia/Lord_Howe"
WEEK = 7 * 24 * 60  # minutes
SHOP = """
WITH store AS (
    INSERT INTO stores (store_name, admin_username, admin_password_hash)
    VALUES ('한식당', 'u' || nextval('stores_store_id_seq'), '-')
    RETURNING store_id
), category AS (
    INSERT INTO categories (store_id, category_name) SELECT store_id, '식사' FROM store RETURNING category_id
)
INSERT INTO menus (store_id, category_id, menu_name, price)
SELECT store_id, category_id, '김치찌개', 9000 FROM store, category
RETURNING store_id, menu_id
"""
ATTACHED = "SELECT daypart_id FROM menu_dayparts WHERE menu_id = %s"


def hours(weekday, starts, ends):
    return [{"weekday": weekday, "starts": starts, "ends": ends}]


@pytest.fixture(scope="module")
def stage(make_database: Callable[[], str]) -> Iterator[Stage]:
    with opened_stage(make_database()) as opened:
        yield opened


@pytest.fixture
def shop(stage):
    return stage.query(SHOP)[0]


@pytest.fixture
def state(stage, shop):
    """Of a daypart with these hours at a moment: (whether it is on, from when, until when it stays so)."""

    def ask(given, at, zone=SEOUL):
        store_id = shop[0]
        stage.query(
            """
            INSERT INTO store_settings (store_id, time_zone) VALUES (%(store_id)s, %(zone)s)
                ON CONFLICT (store_id) DO UPDATE SET time_zone = EXCLUDED.time_zone;
            DELETE FROM dayparts WHERE store_id = %(store_id)s;
            INSERT INTO dayparts (store_id, daypart_name, hours) VALUES (%(store_id)s, '점심', %(hours)s)
            """,
            {"store_id": store_id, "zone": zone, "hours": json.dumps(given)},
        )
        [found] = stage.query("SELECT is_on, next_from, changes_at FROM daypart_states(%s, %s)", (store_id, at))
        return found

    return ask


def moment(text):
    return datetime.fromisoformat(text)


LATE = hours(5, "22:00", "02:00")  # Saturday
SATURDAY, NEXT_SATURDAY = "2026-11-28T22:00+09:00", "2026-12-05T22:00+09:00"
MONDAY = "2026-11-30T00:30+09:00"


@pytest.mark.parametrize(
    ("at", "is_on", "changes_at"),
    [
        ("2026-11-28T21:59:59.999+09:00", False, SATURDAY),
        ("2026-11-28T22:00:00.000+09:00", True, "2026-11-29T02:00+09:00"),
        ("2026-11-28T22:00:00.001+09:00", True, "2026-11-29T02:00+09:00"),
        ("2026-11-29T01:00:00.000+09:00", True, "2026-11-29T02:00+09:00"),  # Sunday
        ("2026-11-29T01:59:59.999+09:00", True, "2026-11-29T02:00+09:00"),
        ("2026-11-29T02:00:00.000+09:00", False, NEXT_SATURDAY),
    ],
)
def test_hours_past_midnight_are_of_the_day_of_their_start(state, at, is_on, changes_at):
    changes_at = moment(changes_at)
    assert state(LATE, at) == (is_on, None if is_on else changes_at, changes_at)


@pytest.mark.parametrize(
    ("given", "at", "is_on", "changes_at"),
    [
        ([], SATURDAY, False, None),
        ([*hours(0, "00:00", "00:00"), *hours(1, "00:00", "00:00")], MONDAY, True, "2026-12-02T00:00+09:00"),
        ([each for day in range(7) for each in hours(day, "09:00", "09:00")], SATURDAY, True, None),
        (hours(6, "23:00", "01:00"), MONDAY, True, "2026-11-30T01:00+09:00"),  # Sunday's
        ([*hours(5, "20:00", "22:30"), *hours(5, "22:00", "23:00")], SATURDAY, True, "2026-11-28T23:00+09:00"),
    ],
)
def test_hours_that_touch_are_one_and_without_a_change_there_is_no_next(state, given, at, is_on, changes_at):
    assert state(given, at) == (is_on, None, changes_at and moment(changes_at))


@pytest.mark.parametrize(
    ("given", "at", "is_on", "changes_at"),
    [
        # 23 hours: 02:00 is followed by 03:00.
        (LATE, "2026-03-29T01:59:59.999+01:00", True, "2026-03-29T03:00+02:00"),
        (LATE, "2026-03-29T03:00+02:00", False, "2026-04-04T22:00+02:00"),
        (hours(6, "02:30", "03:30"), "2026-03-29T01:30+01:00", False, "2026-03-29T03:00+02:00"),
        (hours(6, "02:15", "02:45"), "2026-03-29T01:30+01:00", False, "2026-04-05T02:15+02:00"),
        (hours(6, "00:00", "00:00"), "2026-03-29T00:00+01:00", True, "2026-03-30T00:00+02:00"),
        # 25 hours: 02:59 is followed by 02:00.
        (LATE, "2026-10-25T01:59+02:00", True, "2026-10-25T02:00+02:00"),
        (LATE, "2026-10-25T02:00+01:00", False, "2026-10-31T22:00+01:00"),
        (hours(6, "02:15", "02:45"), "2026-10-25T02:15+02:00", True, "2026-10-25T02:45+02:00"),
        (hours(6, "02:15", "02:45"), "2026-10-25T02:45+02:00", False, "2026-10-25T02:15+01:00"),
        (hours(6, "02:15", "02:45"), "2026-10-25T02:45+01:00", False, "2026-11-01T02:15+01:00"),
        (hours(6, "02:00", "02:30"), "2026-10-25T02:45+02:00", False, "2026-10-25T02:00+01:00"),
        (hours(6, "00:00", "00:00"), "2026-10-25T00:00+02:00", True, "2026-10-26T00:00+01:00"),
    ],
)
def test_days_of_23_and_of_25_hours(state, given, at, is_on, changes_at):
    changes_at = moment(changes_at)
    assert state(given, at, BERLIN) == (is_on, None if is_on else changes_at, changes_at)


def test_random_hours_are_as_a_clock_on_the_wall_has_them(state):
    """Against a plain model, minute by minute, mostly around changes of the clocks."""
    source = random.Random(58)
    for zone, near in [
        (BERLIN, "2026-03-27"),
        (BERLIN, "2026-10-23"),
        (LORD_HOWE, "2026-04-03"),
        (SEOUL, "2026-11-28"),
    ]:
        for _ in range(4):
            given = [
                {"weekday": source.randrange(7), "starts": clock_time(source), "ends": clock_time(source)}
                for _ in range(source.randrange(1, 5))
            ]
            at = moment(near).replace(tzinfo=UTC) + timedelta(seconds=source.randrange(3 * 86_400))
            is_on = on_the_wall(given, at, zone)
            minutes = (at.replace(second=0) + timedelta(minutes=n) for n in range(1, WEEK + 1500))
            changes_at = next((later for later in minutes if on_the_wall(given, later, zone) != is_on), None)
            assert state(given, at, zone) == (is_on, None if is_on else changes_at, changes_at), (given, at, zone)


def clock_time(source):
    return f"{source.randrange(24):02}:{source.choice(['00', '15', '30', '59'])}"


def on_the_wall(given, at, zone):
    wall = at.astimezone(ZoneInfo(zone))
    minute = wall.weekday() * 1440 + wall.hour * 60 + wall.minute
    for each in given:
        starts, ends = (int(each[name][:2]) * 60 + int(each[name][3:]) for name in ("starts", "ends"))
        length = ends - starts if ends > starts else ends - starts + 1440
        if (minute - each["weekday"] * 1440 - starts) % WEEK < length:
            return True
    return False


@pytest.fixture
def daypart_id(stage, shop):
    added = "INSERT INTO dayparts (store_id, daypart_name, hours) VALUES (%s, '점심', %s) RETURNING daypart_id"
    return stage.query(added, (shop[0], json.dumps(LATE)))[0][0]


def test_a_daypart_that_is_deleted_first_is_not_attached(stage, shop, daypart_id):
    store_id, menu_id = shop
    with stage.hold("SELECT FROM menu_versions WHERE store_id = %s FOR UPDATE", (store_id,)) as hold:
        deleted = stage.start(store_id, lambda c: DaypartRepository(c).delete(daypart_id=daypart_id))
        assert deleted.is_held_up()
        attached = attach(stage, shop, daypart_id)
        assert attached.is_held_up()
        hold.release()
        assert deleted.outcome() is None
        assert isinstance(attached.outcome(), DaypartNotFound)
    assert stage.query(ATTACHED, (menu_id,)) == []


def test_a_daypart_that_is_attached_first_is_taken_off_when_it_is_deleted(stage, shop, daypart_id):
    store_id, menu_id = shop
    with stage.hold("SELECT FROM menu_versions WHERE store_id = %s FOR UPDATE", (store_id,)) as hold:
        attached = attach(stage, shop, daypart_id)
        assert attached.is_held_up()
        deleted = stage.start(store_id, lambda c: DaypartRepository(c).delete(daypart_id=daypart_id))
        assert deleted.is_held_up()
        hold.release()
        assert attached.outcome() is deleted.outcome() is None
    assert stage.query(ATTACHED, (menu_id,)) == []
    assert stage.query("SELECT period FROM menu_versions WHERE store_id = %s", (store_id,)) == [(None,)]


def attach(stage, shop, daypart_id):
    store_id, menu_id = shop
    return stage.start(
        store_id, lambda c: DaypartRepository(c).attach_to_menu(menu_id=menu_id, daypart_ids=[daypart_id])
    )


def test_hours_that_are_changed_at_once_are_all_in_the_period(stage, shop, daypart_id):
    """Each change counts the period once it has the version's row, so it counts with the change before."""
    store_id, _ = shop
    with stage.hold("SELECT FROM menu_versions WHERE store_id = %s FOR UPDATE", (store_id,)) as hold:
        moved = stage.start(store_id, lambda c: DaypartRepository(c).update(daypart_id=daypart_id, hours=[]))
        assert moved.is_held_up()
        zone = "INSERT INTO store_settings (store_id, time_zone) VALUES (%(id)s, 'Europe/Berlin') RETURNING store_id"
        shifted = stage.start(store_id, lambda c: c.fetch_value(zone, {"id": store_id}))
        assert shifted.is_held_up()
        hold.release()
        assert moved.outcome() and shifted.outcome()
    [(is_endless,)] = stage.query("SELECT upper_inf(period) FROM menu_versions WHERE store_id = %s", (store_id,))
    assert is_endless


def test_the_end_of_a_period_is_announced_once_whoever_sees_it(stage, shop, daypart_id):
    store_id, _ = shop
    over = "tstzrange(now() - interval '2 h', now() - interval '1 h')"
    stage.query(f"UPDATE menu_versions SET period = {over} WHERE store_id = %s", (store_id,))
    count = "SELECT count(*) FROM events WHERE store_id = %s AND event_type = 'menu_changed'"
    [(before,)] = stage.query(count, (store_id,))
    with stage.hold("SELECT FROM menu_versions WHERE store_id = %s FOR UPDATE", (store_id,)) as hold:
        processes = [
            stage.start(store_id, lambda c: DaypartRepository(c).begin_period(store_id=store_id)) for _ in range(3)
        ]
        assert all(process.is_held_up() for process in processes)
        hold.release()
        assert [process.outcome() for process in processes] == [None] * 3
    assert stage.query(count, (store_id,)) == [(before + 1,)]
