"""The first order: how long ago, and its anniversary.

Keeps the instant of the first order placed that we know of (ms); a refund takes nothing back.

- `since_first_purchase`: time since then, the tenure as a buyer; missing before it.
- `order_anniversary`: true on the day a year later and every year after, on the customer's clock; `order_anniversary(days(3))` from
  three days before as well. The day is that of the first order on the clock the customer has now.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from scoring.calendar import calendar as calendars
from scoring.calendar.calendar import Calendar
from scoring.events.schema import PURCHASES, Purchase
from scoring.segments.model import Definitions
from scoring.state import DAY, NEVER, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import FIRST, PROFILE, effect
from scoring.traits.profile import time_zone
from scoring.traits.trait import Fold, Trait
from scoring.zones import day

KEY = 13
_FIRST_ORDER = effect()
_EPOCH = date(1970, 1, 1)
#: No anniversary's day begins sooner after the order, wherever the clocks are by then.
_YEAR = 363 * DAY


def first_order(s: Customer) -> int | None:
    found: int | None = fact(s, KEY)
    return found


def order_anniversary_at(s: Customer, now: int, before: int, calendar: Calendar) -> tuple[bool, int]:
    first = first_order(s)
    if first is None:
        return False, NEVER
    soonest = first + _YEAR - before
    if now < soonest:
        return False, soonest
    zone = time_zone(s, calendar.time_zone)
    year, month, number = _parts(day(zone, first))
    return calendars.yearly((month, number), zone, before, now, after=year)


@lru_cache(maxsize=16_384)
def _parts(number: int) -> tuple[int, int, int]:
    on = _EPOCH + timedelta(number)
    return on.year, on.month, on.day


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        known = opened(facts, KEY)
        if e.refunded or (known is not None and known <= ts):
            return 0
        facts[KEY] = ts
        return _FIRST_ORDER | FIRST

    return fold


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    return min(each for each in (mine, theirs) if each is not None)


TRAIT = Trait(
    KEY,
    ("occasion", "loyalty", "experience"),
    (
        Attribute("since_first_purchase", "duration", "grows", "time since the first order placed", "first_order(s)", _FIRST_ORDER,
                  fed_by=("purchase",)),
        Attribute("order_anniversary", "boolean", "steps", "it is the anniversary of the first order, or at most so long before it", "",
                  _FIRST_ORDER | PROFILE, _FIRST_ORDER | PROFILE, windowed=True, timed_alone=True, calendar=True,
                  total="order_anniversary_at(s, now, {w}, calendar)", fed_by=("purchase", "profile")),
    ),
    {PURCHASES: _folder},
    _join,
    (first_order, order_anniversary_at),
)  # fmt: skip
