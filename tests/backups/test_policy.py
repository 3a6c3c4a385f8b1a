"""Retention over simulated years, against a model that was written another way: each day, every backup ever made is
judged by itself."""

from __future__ import annotations

import random
from calendar import SUNDAY
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tableorder.backups.policy import KINDS, kept, name_at, of_kind, taken_at

DAY = timedelta(days=1)
BY_NAME = {kind.name: kind for kind in KINDS}


def expected(names: list[str], today: date) -> set[str]:
    """What the policy says, backup by backup."""
    days = {name: date(int(name[14:18]), int(name[18:20]), int(name[20:22])) for name in names}
    past = sorted(name for name in names if days[name] <= today)
    week = {name: days[name].toordinal() // 7 for name in past}  # the days whose number 7 divides are Sundays
    first_of_week = {name for name in past if not any(week[o] == week[name] and o < name for o in past)}
    first_of_month = {name for name in past if not any(o[:20] == name[:20] and o < name for o in past)}
    keep = {name for name in names if days[name] > today}
    keep |= {name for name in past if today - 6 * DAY <= days[name]}
    keep |= {name for name in first_of_week if today - 27 * DAY <= days[name]}
    keep |= {name for name in first_of_month if f"{days[name]:%Y%m%d}" > f"{today.year - 1}{today:%m%d}"}
    for group in (past, sorted(first_of_week), sorted(first_of_month)):
        keep |= set(group[-1:])
    return keep


def simulate(moments: list[datetime]) -> tuple[set[str], int]:
    """Back up at each moment, by the local clock, and rotate; each time what is kept is what is expected."""
    folder: set[str] = set()
    most = 0
    for moment in moments:
        name = name_at(moment)
        folder.add(name)
        keep = kept(folder, moment.date())
        assert keep == expected(sorted(folder), moment.date())
        assert name in keep
        folder = keep
        most = max(most, len(folder))
    return folder, most


def daily(first: date, days: int) -> list[datetime]:
    return [datetime(first.year, first.month, first.day, 2) + n * DAY for n in range(days)]


def test_three_years_without_a_failure_leave_seven_days_four_weeks_and_twelve_months():
    folder, most = simulate(daily(date(2026, 1, 1), 3 * 365 + 1))  # with 29 February 2028
    kinds = {kind.name: of_kind(kind, folder) for kind in KINDS}
    days = {taken_at(name).date() for name in folder}
    assert {date(2028, 12, 31) - n * DAY for n in range(7)} <= days
    assert {date(2028, 12, 31) - 7 * n * DAY for n in range(4)} <= days
    assert [taken_at(name).date() for name in kinds["monthly"]] == [date(2028, month, 1) for month in range(1, 13)]
    assert most <= 7 + 4 + 12
    assert days == (
        {date(2028, 12, 31) - n * DAY for n in range(7)}
        | {date(2028, 12, 31) - 7 * n * DAY for n in range(4)}
        | {date(2028, month, 1) for month in range(1, 13)}
    )


@pytest.mark.parametrize("seed", range(6))
def test_three_years_with_failed_days_gaps_and_several_a_day(seed):
    chance = random.Random(seed)
    moments: list[datetime] = []
    gap = 0
    for moment in daily(date(2026, 11, 23), 3 * 365):
        gap = gap - 1 if gap else chance.choice([0] * 60 + [5, 12, 40, 100])
        if gap or chance.random() < 0.15:
            continue
        times = chance.choice([1, 1, 1, 1, 3])
        moments += sorted(moment + timedelta(minutes=chance.randrange(1200)) for _ in range(times))
    simulate(moments)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"])
def test_three_years_of_summer_and_winter_time(zone):
    """Every 23 hours, so that all hours come up, also the one that comes twice and the one that does not come."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    simulate([(start + n * timedelta(hours=23)).astimezone(ZoneInfo(zone)) for n in range(3 * 365)])


@pytest.mark.parametrize("seed", range(4))
def test_three_years_with_a_clock_that_jumps(seed):
    """A wrong clock can make backups look old or of the future; of what was there something stays all the same."""
    chance = random.Random(seed)
    moments = daily(date(2026, 1, 1), 3 * 365)
    for n in range(len(moments)):
        if chance.random() < 0.03:
            moments[n] += chance.choice([-800, -40, -3, 3, 40, 800]) * DAY
    folder, _ = simulate(moments)
    assert folder


@pytest.mark.parametrize("age", [1, 8, 29, 366, 5000])
def test_after_a_long_silence_the_newest_stays(age):
    newest = datetime(2026, 3, 18, 2)
    names = {name_at(newest - n * DAY) for n in range(400)}
    keep = kept(names, newest.date() + age * DAY)
    assert keep
    assert name_at(newest) in keep
    assert name_at(datetime(2026, 3, 15, 2)) in keep  # the newest of the weeks
    assert name_at(datetime(2026, 3, 1, 2)) in keep  # and of the months


def test_a_failed_sunday_or_first_is_stood_in_for():
    names = [name_at(moment) for moment in daily(date(2026, 11, 2), 20) if moment.weekday() != SUNDAY]
    assert of_kind(BY_NAME["weekly"], names) == [name_at(datetime(2026, 11, day, 2)) for day in (2, 9, 16)]
    assert of_kind(BY_NAME["monthly"], names) == [name_at(datetime(2026, 11, 2, 2))]


@pytest.mark.parametrize(
    ("day", "last", "first_without"),
    [
        (date(2028, 2, 29), date(2029, 2, 28), date(2029, 3, 1)),
        (date(2027, 3, 1), date(2028, 2, 29), date(2028, 3, 1)),
        (date(2026, 12, 1), date(2027, 11, 30), date(2027, 12, 1)),
    ],
)
def test_a_months_backup_is_kept_for_a_year_leap_days_or_not(day, last, first_without):
    name, newer = (name_at(datetime.combine(moment, datetime.min.time())) for moment in (day, day + 40 * DAY))
    assert name in kept([name, newer], last)
    assert name not in kept([name, newer], first_without)


def test_other_names_are_no_backups():
    others = ["notes.txt", "tableorder_db_20261323_020000.dump", "tableorder_db_20261123_020000.dump.json", ".lock"]
    assert kept(others, date(2026, 11, 23)) == set()
    assert taken_at("tableorder_db_20261123_020000.dump.age") == datetime(2026, 11, 23, 2)
