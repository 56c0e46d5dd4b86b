"""Personal days: the birthday, and the events a customer declared, such as a wedding or a new house.

Keeps nothing: the birthday is `birth_date` of the profile (`1990-06-12`, or `--06-12` without the year), an event a trait of the profile
that holds a date, `traits.wedding = "2026-06-12"`. What is no date is missing. Days are those of the customer's clock, as for occasions.

- `birthday`: true on the day, every year; `birthday(days(7))` from a week before as well. Born on 29 February: the 28th in other years.
- `declared_day("wedding")`, `declared_day("wedding", weeks(8))`: likewise of the one day that was declared.
- `since_declared("wedding")`: time since the local midnight at which that day begins, negative before it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from scoring.calendar import calendar as calendars
from scoring.calendar.calendar import Calendar
from scoring.calendar.rules import read_date, read_yearly
from scoring.state import NEVER, Customer
from scoring.traits.attribute import Attribute
from scoring.traits.effects import PROFILE
from scoring.traits.occasions import nothing
from scoring.traits.profile import time_zone, value
from scoring.traits.trait import Trait
from scoring.zones import midnight

_BIRTH = re.compile(r"(?:-|([0-9]{4}))-([0-9]{2}-[0-9]{2})")


@lru_cache(maxsize=4096)
def month_and_day(birth_date: str) -> tuple[int, int] | None:
    found = _BIRTH.fullmatch(birth_date)
    if found is None or (found[1] and read_date(birth_date) is None):
        return None
    try:
        read = read_yearly(found[2])
    except ValueError:
        return None
    return read.month, read.day


def birthday_at(s: Customer, now: int, before: int, calendar: Calendar) -> tuple[bool, int]:
    known = value(s, "birth_date")
    day = month_and_day(known) if isinstance(known, str) else None
    return (False, NEVER) if day is None else calendars.yearly(day, time_zone(s, calendar.time_zone), before, now)


def declared(s: Customer, name: str) -> int | None:
    """The day that was declared, counted from 1970."""
    return read_date(value(s, f"traits.{name}"))


def declared_at(s: Customer, now: int, name: str, before: int, calendar: Calendar) -> tuple[bool, int]:
    day = declared(s, name)
    if day is None:
        return False, NEVER
    return calendars.between(calendars.span(time_zone(s, calendar.time_zone), day, day, before), NEVER, now)


def declared_from(s: Customer, name: str, calendar: Calendar) -> int | None:
    day = declared(s, name)
    return None if day is None else midnight(time_zone(s, calendar.time_zone), day)


TRAIT = Trait(
    key=24,
    families=("occasion",),
    attributes=(
        Attribute("birthday", "boolean", "steps", "it is the customer's birthday, or at most so long before it, on the customer's clock",
                  "", PROFILE, PROFILE, windowed=True, timed_alone=True, calendar=True, total="birthday_at(s, now, {w}, calendar)",
                  fed_by=("profile",)),
        Attribute("declared_day", "boolean", "steps", "it is the day declared in this trait of the profile, or at most so long before it",
                  "", PROFILE, PROFILE, windowed=True, timed_alone=True, argument="wedding", calendar=True,
                  total="declared_at(s, now, {a}, {w}, calendar)", fed_by=("profile",)),
        Attribute("since_declared", "duration", "grows", "time since the beginning of the day declared in this trait; negative before it",
                  "declared_from(s, {a}, calendar)", PROFILE, PROFILE, argument="wedding", calendar=True, signed=True, fed_by=("profile",)),
    ),
    folders={},
    join=nothing,
    functions=(birthday_at, declared_at, declared_from),
)  # fmt: skip
