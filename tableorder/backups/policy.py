"""Which backups are kept: a matter of their names and today's date alone.

A backup is of every type whose period it is the first of: the daily one of Sunday is the week's, that of the 1st is
the month's. If that one failed, the next that did not stands in for it. Dates are calendar days in one time zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

NAME = re.compile(r"tableorder_db_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)\.dump(?:\.age|\.gpg)?", re.ASCII)


@dataclass(frozen=True)
class Kind:
    """A type of backup: the first of each period, until `expired` (its day, today)."""

    name: str
    period: Callable[[datetime], object]
    expired: Callable[[date, date], bool]


def _sunday_before(taken: datetime) -> date:
    return taken.date() - timedelta(days=taken.isoweekday() % 7)


def _a_year_old(day: date, today: date) -> bool:
    return (today.year - 1, today.month, today.day) >= (day.year, day.month, day.day)


KINDS = (
    Kind("full", lambda taken: taken, lambda day, today: today - day >= timedelta(days=7)),
    Kind("weekly", _sunday_before, lambda day, today: today - day >= timedelta(weeks=4)),
    Kind("monthly", lambda taken: (taken.year, taken.month), _a_year_old),
)


def name_at(moment: datetime, suffix: str = "") -> str:
    """The name of a backup taken at `moment`; `suffix` tells how it is encrypted, such as ".age"."""
    return f"tableorder_db_{moment:%Y%m%d_%H%M%S}.dump{suffix}"


def taken_at(name: str) -> datetime | None:
    """When a backup was taken, by its name, without a time zone; None if it is not a backup's name."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def of_kind(kind: Kind, names: Iterable[str]) -> list[str]:
    """The names that are of one type, oldest first. Other names than backups' are left out."""
    firsts: dict[object, str] = {}
    for taken, name in sorted((taken, name) for name in names if (taken := taken_at(name))):
        firsts.setdefault(kind.period(taken), name)
    return list(firsts.values())


def kept(names: Iterable[str], today: date) -> set[str]:
    """Which of these backups, all of them good, stay.

    Of each type: those of its time (7 days, 4 weeks, 12 months), and the newest whatever its age. One that seems to be
    of the future stays: a clock was wrong. The others may go.
    """
    days = {name: taken.date() for name in names if (taken := taken_at(name))}
    future = {name for name, day in days.items() if day > today}
    keep = set(future)
    for kind in KINDS:
        past = of_kind(kind, days.keys() - future)
        keep.update(past[-1:])
        keep.update(name for name in past if not kind.expired(days[name], today))
    return keep
