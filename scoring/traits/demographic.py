"""Demographic: who the person is, as the profile says it.

Keeps nothing: each is a field of the profile, and what it doesn't say is missing.

- `age`: whole years since `birth_date` (`1990-06-12`). It steps at the local midnight that begins the birthday, on the customer's clock;
  born on 29 February: the 28th in other years. Missing before birth, and from the 121st birthday on: that is a slip of the pen, or a
  forgotten record.
- `gender`, `income_band`, `education`, `occupation`, `nationality`: the shop's own words in small letters, without spaces around them.
- `household_size`: a number above 0.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from scoring.calendar.calendar import Calendar
from scoring.calendar.rules import LAST_YEAR, in_year, read_date
from scoring.state import NEVER, Customer
from scoring.traits.attribute import Attribute
from scoring.traits.effects import PROFILE
from scoring.traits.occasions import nothing
from scoring.traits.profile import time_zone, value
from scoring.traits.trait import Trait
from scoring.zones import day, midnight

#: Years; nobody is known to have become 123.
OLDEST = 120
_EPOCH = date(1970, 1, 1).toordinal()


def age_at(s: Customer, now: int, calendar: Calendar) -> tuple[int | None, int]:
    """(age, the instant of the next birthday)."""
    born = read_date(value(s, "birth_date"))
    if born is None:
        return None, NEVER
    zone = time_zone(s, calendar.time_zone)
    return _age(born, zone, day(zone, now))


@lru_cache(maxsize=65_536)
def _age(born: int, zone: str, today: int) -> tuple[int | None, int]:
    birth, on = date.fromordinal(born + _EPOCH), date.fromordinal(today + _EPOCH)
    if birth.year > LAST_YEAR:
        return None, NEVER
    if today < born:
        return None, midnight(zone, born)
    age = on.year - birth.year - (today < in_year(on.year, birth.month, birth.day))
    if age > OLDEST:
        return None, NEVER
    return age, midnight(zone, in_year(birth.year + age + 1, birth.month, birth.day))


def household_size(s: Customer) -> float | None:
    known = value(s, "household_size")
    return known if isinstance(known, int | float) and known > 0 else None


def _text(name: str, meaning: str) -> Attribute:
    return Attribute(
        name, "string", "none", meaning, f"profile_text(s, {name!r})", PROFILE, PROFILE, missing=True, fed_by=("profile",)
    )  # fmt: skip


TRAIT = Trait(
    key=23,
    families=("demographic",),
    attributes=(
        Attribute("age", "number", "steps", "whole years, stepping at birthdays on the customer's clock", "", PROFILE, PROFILE,
                  calendar=True, total="age_at(s, now, calendar)", missing=True, fed_by=("profile",), unit="years"),
        _text("gender", "as the profile says it, in small letters"),
        Attribute("household_size", "number", "none", "people in the household", "household_size(s)", PROFILE, PROFILE, missing=True,
                  fed_by=("profile",), unit="people"),
        _text("income_band", "the shop's word for it, in small letters"),
        _text("education", "the shop's word for it, in small letters"),
        _text("occupation", "the shop's word for it, in small letters"),
        _text("nationality", "as the profile says it, in small letters"),
    ),
    folders={},
    join=nothing,
    functions=(age_at, household_size),
)  # fmt: skip
