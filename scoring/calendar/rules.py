"""When an occasion falls: a day of the year, days written out, or a rule; as days counted from 1970-01-01.

Rules are `4th friday of november`, `last monday of may`, `easter` (western), each also with a distance: `1 day after 4th thursday of
november`, which is Black Friday, is not always the 4th Friday.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from dateutil.easter import easter

#: The years that occasions are known in.
FIRST_YEAR, LAST_YEAR = 1970, 2199

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_EPOCH = date(1970, 1, 1).toordinal()
_PLACES = {"1st": 0, "2nd": 1, "3rd": 2, "4th": 3, "last": -1}
_RULE = re.compile(
    rf"(?:([0-9]{{1,3}}) days? (before|after) )?(?:easter|({'|'.join(_PLACES)}) ({'|'.join(WEEKDAYS)}) of ({'|'.join(MONTHS)}))"
)
_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")

#: The days of one year; a rule may give one just before or after it.
Days = Callable[[int], Sequence[int]]


def number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def read_date(text: object) -> int | None:
    """`2026-12-05` as a day; None of what is none."""
    try:
        return number(date.fromisoformat(text)) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None


def in_year(year: int, month: int, day: int) -> int:
    """A day of the year; 29 February is the 28th in the years that have none."""
    return number(date(year, month, 28 if (month, day) == (2, 29) and not _leap(year) else day))


@dataclass(frozen=True, slots=True)
class Yearly:
    """`12-05`: month and day."""

    month: int
    day: int

    def __call__(self, year: int) -> Sequence[int]:
        return (in_year(year, self.month, self.day),)


@dataclass(frozen=True, slots=True)
class Listed:
    """Days written out."""

    days: tuple[int, ...]

    def __call__(self, year: int) -> Sequence[int]:
        first, last = number(date(year, 1, 1)), number(date(year, 12, 31))
        return [day for day in self.days if first <= day <= last]


@dataclass(frozen=True, slots=True)
class Nth:
    """The `place`-th (from 0; -1: the last) `weekday` (Monday 0) of a month; month 0: Easter. `distance` days after that."""

    place: int
    weekday: int
    month: int
    distance: int = 0

    def __call__(self, year: int) -> Sequence[int]:
        if not self.month:
            return (number(easter(year)) + self.distance,)
        first = number(date(year, self.month, 1))
        length = number(date(year + self.month // 12, self.month % 12 + 1, 1)) - first
        days = [day for day in range(first, first + length) if (day + 3) % 7 == self.weekday]  # 1970-01-01 was a Thursday
        return (days[self.place] + self.distance,)


def read_yearly(text: str) -> Yearly:
    """Raises ValueError that says what is allowed."""
    found = _DAY.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        month, day = int(found[1]), int(found[2])
        date(2000, month, day)  # a leap year
    except ValueError:
        raise ValueError('month and day in digits, such as "12-05"') from None
    return Yearly(month, day)


def read_rule(text: str) -> Nth:
    """Raises ValueError that says what is allowed."""
    found = _RULE.fullmatch(" ".join(text.lower().split()))
    if found is None:
        raise ValueError('such as "4th friday of november", "last monday of may", "easter" or "1 day after 4th thursday of november"')
    days, way, place, weekday, month = found.groups()
    distance = int(days) * (1 if way == "after" else -1) if days else 0
    if place is None:
        return Nth(0, 0, 0, distance)
    return Nth(_PLACES[place], WEEKDAYS.index(weekday), MONTHS.index(month) + 1, distance)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
