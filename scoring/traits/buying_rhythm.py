"""Buying rhythm: how often a customer orders, when the next order is to be expected, and who buys at one time of the year only.

Keeps the newest 24 distinct days (UTC) with an order placed; refunds take none back.

- `order_rhythm`: the median of the days between one such day and the next (of an even number of gaps the mean of the middle two); missing
  with fewer than four days.
- `since_expected_order`: time since the newest order plus that; negative before it, missing with it. `>= days(-3)`: expected within 3 days.
- `buys_only_around("sinterklaas", weeks(5))`: all these days lie within five weeks before an occasion, or on it, of two different years at
  least; `weeks(5)` is rounded up to whole days. Whose country has no such occasion buys around none.
- `yearly_season`: all these days lie in the same six weeks of the year, in two different years at least, and it is that time again: from
  the earliest day of the year through the latest, on the customer's clock; `yearly_season(weeks(3))` from three weeks before as well.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from scoring.calendar import calendar as calendars
from scoring.calendar.calendar import Calendar, Day
from scoring.events.schema import PURCHASES, Purchase
from scoring.segments.model import Definitions
from scoring.state import DAY, NEVER, Customer, fact, opened
from scoring.traits.attribute import OCCASION, Attribute
from scoring.traits.effects import FIRST, ORDER, PROFILE, effect
from scoring.traits.occasions import country
from scoring.traits.profile import time_zone
from scoring.traits.trait import Fold, Trait

KEY = 14
_DAY_BOUGHT = effect()

_KEPT = 24
#: Days with an order that make a rhythm.
_RHYTHM_FROM = 4
#: The longest time of the year that is a season, in days.
SEASON = 42
_NEW_YEAR, _YEAR = date(2000, 1, 1), 366  # of a leap year
_EPOCH = date(1970, 1, 1)


def order_days(s: Customer) -> list[int]:
    """Days since 1970, in order."""
    return fact(s, KEY) or []


def order_rhythm(s: Customer) -> int | None:
    """The median gap, ms."""
    days = order_days(s)
    if len(days) < _RHYTHM_FROM:
        return None
    gaps = sorted(b - a for a, b in zip(days, days[1:], strict=False))
    return (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) * DAY // 2


def expected_order(s: Customer) -> int | None:
    rhythm = order_rhythm(s)
    return None if rhythm is None or s.last_order is None else s.last_order + rhythm


def buys_only_around(s: Customer, name: str, before: int, calendar: Calendar) -> tuple[bool, int]:
    days = order_days(s)
    if len(days) < 2:
        return False, NEVER
    return _around(calendar, name, country(s, calendar), tuple(days), -(-before // DAY)), NEVER


@lru_cache(maxsize=16_384)
def _around(calendar: Calendar, name: str, where: str | None, days: Sequence[int], before: int) -> bool:
    """`before` in days."""
    years = range((_EPOCH + timedelta(days[0])).year, (_EPOCH + timedelta(days[-1])).year + 3)
    known = sorted({day for year in years for day in calendar.days(name, where, year)})
    met = set()
    for day in days:
        place = bisect_left(known, day)
        if place == len(known) or known[place] - day > before:
            return False
        met.add(known[place])
    return len(met) >= 2


def yearly_season_at(s: Customer, now: int, before: int, calendar: Calendar) -> tuple[bool, int]:
    days = order_days(s)
    found = season(tuple(days)) if len(days) > 1 else None
    if found is None:
        return False, NEVER
    first, last = found
    return calendars.yearly(first, time_zone(s, calendar.time_zone), before, now, last=last)


@lru_cache(maxsize=16_384)
def season(days: Sequence[int]) -> tuple[Day, Day] | None:
    """(month and day of its first day, of its last) of the time of the year that all these days lie in; None if that isn't one."""
    dates = [_EPOCH + timedelta(day) for day in days]
    places = sorted({_place(on) for on in dates})
    gaps = [((after - before) % _YEAR or _YEAR, after) for before, after in zip([places[-1], *places], places, strict=False)]
    gap, start = max(gaps)
    length = _YEAR - gap
    years = {on.year - (_place(on) < start) for on in dates}
    if length >= SEASON or len(years) < 2:
        return None
    first, last = (_NEW_YEAR + timedelta(days) for days in (start, (start + length) % _YEAR))
    return (first.month, first.day), (last.month, last.day)


def _place(on: date) -> int:
    """The day of the year, from 0, that it would be in a leap year."""
    return (on.replace(year=_NEW_YEAR.year) - _NEW_YEAR).days


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        if e.refunded:
            return 0
        days, day = opened(facts, KEY), ts // DAY
        if days is None:
            days = facts[KEY] = []
        place = bisect_left(days, day)
        if place < len(days) and days[place] == day:
            return 0
        days.insert(place, day)
        del days[:-_KEPT]
        return _DAY_BOUGHT | FIRST if len(days) == _RHYTHM_FROM else _DAY_BOUGHT

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    return sorted({*(mine or ()), *(theirs or ())})[-_KEPT:]


_FED = ("purchase",)
TRAIT = Trait(
    KEY,
    ("occasion", "loyalty"),
    (
        Attribute("order_rhythm", "duration", "none", "the median time between days with an order", "order_rhythm(s)", _DAY_BOUGHT,
                  _DAY_BOUGHT, missing=True, fed_by=_FED),
        Attribute("since_expected_order", "duration", "grows", "time since the next order was to be expected; negative before that",
                  "expected_order(s)", _DAY_BOUGHT | ORDER, _DAY_BOUGHT | ORDER, signed=True, fed_by=_FED),
        Attribute("buys_only_around", "boolean", "steps", "all orders, of two years or more, came at most so long before this occasion", "",
                  _DAY_BOUGHT | PROFILE, _DAY_BOUGHT | PROFILE, windowed=True, timed_alone=True, argument=OCCASION, calendar=True,
                  total="buys_only_around(s, {a}, {w}, calendar)", fed_by=(*_FED, "profile")),
        Attribute("yearly_season", "boolean", "steps", "it is the only time of the year at which the customer orders, or so long before it",
                  "", _DAY_BOUGHT | PROFILE, _DAY_BOUGHT | PROFILE, windowed=True, timed_alone=True, calendar=True,
                  total="yearly_season_at(s, now, {w}, calendar)", fed_by=(*_FED, "profile")),
    ),
    {PURCHASES: _folder},
    _join,
    (order_rhythm, expected_order, buys_only_around, yearly_season_at),
)  # fmt: skip
