"""Routine: the day of the week and the time of the day at which a customer is around.

Keeps the newest 24 distinct hours (UTC) with activity: a page view, a cart event or an order placed. Each is looked at on the clock the
customer has now, where the hour began.

- `usual_weekday`: "monday" to "sunday", the day of more than half of these hours.
- `usual_time`: "night" (from 0:00), "morning" (from 6:00), "afternoon" (from 12:00) or "evening" (from 18:00) of more than half of them.
- `weekend_share`: the share of them on Saturday and Sunday, 0 to 1.

All three are missing with fewer than six hours, the texts also where nothing has more than half.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from scoring.calendar.calendar import Calendar
from scoring.calendar.rules import WEEKDAYS
from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PURCHASES, CartEvent, PageView, Purchase
from scoring.segments.model import Definitions
from scoring.state import HOUR, Customer, fact, opened
from scoring.traits.attribute import Attribute
from scoring.traits.effects import PROFILE, effect
from scoring.traits.profile import time_zone
from scoring.traits.trait import Fold, Trait
from scoring.zones import offset

KEY = 5
_ROUTINE = effect()

TIMES = ("night", "morning", "afternoon", "evening")
_KEPT, _ENOUGH = 24, 6


def usual_weekday(s: Customer, calendar: Calendar) -> str | None:
    found = _habits(s, calendar)[0]
    return None if found is None else WEEKDAYS[found]


def usual_time(s: Customer, calendar: Calendar) -> str | None:
    found = _habits(s, calendar)[1]
    return None if found is None else TIMES[found]


def weekend_share(s: Customer, calendar: Calendar) -> float | None:
    return _habits(s, calendar)[2]


#: Weekday from Monday 0, place in TIMES, share of the weekend: each None where there is none.
Habits = tuple[int | None, int | None, float | None]


def _habits(s: Customer, calendar: Calendar) -> Habits:
    hours = fact(s, KEY)
    if hours is None or len(hours) < _ENOUGH:
        return None, None, None
    return _of(time_zone(s, calendar.time_zone), s.h0, tuple(hours))


@lru_cache(maxsize=1_024)
def _of(zone: str, h0: int, hours: tuple[int, ...]) -> Habits:
    """Kept for a while: who asks for one of them mostly asks for another next."""
    weekdays, times = [0] * 7, [0] * 4
    for hour in hours:
        weekday, shown = _local(zone, h0 + hour)
        weekdays[weekday] += 1
        times[shown // 6] += 1
    return _most(weekdays, len(hours)), _most(times, len(hours)), (weekdays[5] + weekdays[6]) / len(hours)


@lru_cache(maxsize=65_536)
def _local(zone: str, hour: int) -> tuple[int, int]:
    shown = (hour * HOUR + offset(zone, hour * HOUR)) // HOUR
    return (shown // 24 + 3) % 7, shown % 24  # 1970-01-01 was a Thursday


def _most(counts: list[int], of: int) -> int | None:
    most = max(counts)
    return counts.index(most) if 2 * most > of else None


def _folder(definitions: Definitions, lateness: int) -> Fold:
    def fold(facts: dict[int, Any], s: Customer, e: PageView | CartEvent, ts: int) -> int:
        hour = ts // HOUR - s.h0
        # An hour with more than one view is known from the earlier one: written out, since nearly every event asks.
        views = s.product_views
        if views is not None and views[-2] == hour and views[-1] > 1:
            return 0
        views = s.other_views
        if views is not None and views[-2] == hour and views[-1] > 1:
            return 0
        hours = opened(facts, KEY)
        if hours is None:
            facts[KEY] = [hour]
            return _ROUTINE
        if hours[-1] == hour:
            return 0
        place = bisect_left(hours, hour)
        if place < len(hours) and hours[place] == hour:
            return 0
        hours.insert(place, hour)
        del hours[:-_KEPT]
        return _ROUTINE

    return fold


def _purchase_folder(definitions: Definitions, lateness: int) -> Fold:
    fold: Callable[..., int] = _folder(definitions, lateness)

    def placed(facts: dict[int, Any], s: Customer, e: Purchase, ts: int) -> int:
        return 0 if e.refunded else fold(facts, s, e, ts)

    return placed


def _join(mine: Any, theirs: Any, s: Customer, f: Customer) -> Any:
    shift = f.h0 - s.h0
    return sorted({*(mine or ()), *(hour + shift for hour in theirs or ())})[-_KEPT:]


_FED = ("page_view", "cart_add", "cart_remove", "cart_update", "cart_clear", "checkout_started", "wishlist_add", "purchase", "profile")
_EITHER = _ROUTINE | PROFILE
TRAIT = Trait(
    KEY,
    ("occasion",),
    (
        Attribute("usual_weekday", "string", "none", "the day of the week on which the customer mostly comes", "usual_weekday(s, calendar)",
                  _EITHER, _EITHER, values=WEEKDAYS, missing=True, calendar=True, fed_by=_FED),
        Attribute("usual_time", "string", "none", "the time of the day at which the customer mostly comes", "usual_time(s, calendar)",
                  _EITHER, _EITHER, values=TIMES, missing=True, calendar=True, fed_by=_FED),
        Attribute("weekend_share", "number", "none", "the share of the hours with activity that fell in a weekend",
                  "weekend_share(s, calendar)", _EITHER, _EITHER, missing=True, calendar=True, fed_by=_FED, unit="0 to 1"),
    ),
    {PAGE_VIEWS: _folder, CART_EVENTS: _folder, PURCHASES: _purchase_folder},
    _join,
    (usual_weekday, usual_time, weekend_share),
)  # fmt: skip
