"""Universal occasions: what the calendar says today, and what is coming, by the customer's country and clock.

Keeps nothing: the days are those of the file's [[occasion]]s and, for holidays, of the library `holidays`.

- `occasion("christmas")` is true on the day itself, from its first to its last local midnight; `occasion("christmas", weeks(3))` from
  three weeks before as well. Whole days before are days of the customer's clock, parts of days are exact.
- `public_holiday`, `public_holiday(days(2))`: likewise of any public holiday of the country.

The country is that of the profile (two letters, as in ISO 3166), else the one of [calendar]; the clock likewise. Who has neither has no
holidays, and an occasion for certain countries isn't theirs.
"""

from __future__ import annotations

from typing import Any

from scoring.calendar import calendar as calendars
from scoring.calendar.calendar import PUBLIC_HOLIDAY, Calendar
from scoring.state import Customer
from scoring.traits.attribute import OCCASION, Attribute
from scoring.traits.effects import PROFILE
from scoring.traits.profile import time_zone, value
from scoring.traits.trait import Trait


def country(s: Customer, calendar: Calendar) -> str | None:
    known = value(s, "country")
    return known.strip().upper() if isinstance(known, str) and known.strip() else calendar.country


def occasion_at(s: Customer, now: int, name: str, before: int, calendar: Calendar) -> tuple[bool, int]:
    if s.profile is None:  # most are of no country of their own
        known = calendar.everybodys.get((name, before))
        if known is None or not known[0] <= now < known[1][1]:
            answer = calendars.occasion(calendar, name, calendar.country, calendar.time_zone, before, now)
            known = calendar.everybodys[name, before] = now, answer
        return known[1]
    return calendars.occasion(calendar, name, country(s, calendar), time_zone(s, calendar.time_zone), before, now)


def public_holiday_at(s: Customer, now: int, before: int, calendar: Calendar) -> tuple[bool, int]:
    return calendars.occasion(calendar, PUBLIC_HOLIDAY, country(s, calendar), time_zone(s, calendar.time_zone), before, now)


def nothing(*_: Any) -> None:
    """There are no facts to join."""


TRAIT = Trait(
    key=25,
    families=("occasion",),
    attributes=(
        Attribute("occasion", "boolean", "steps", "it is the day of an [[occasion]], or at most so long before it, on the customer's clock",
                  "", PROFILE, PROFILE, windowed=True, timed_alone=True, argument=OCCASION, calendar=True,
                  total="occasion_at(s, now, {a}, {w}, calendar)", fed_by=("profile",)),
        Attribute("public_holiday", "boolean", "steps", "it is a public holiday of the customer's country, or at most so long before one",
                  "", PROFILE, PROFILE, windowed=True, timed_alone=True, calendar=True,
                  total="public_holiday_at(s, now, {w}, calendar)", fed_by=("profile",)),
    ),
    folders={},
    join=nothing,
    functions=(occasion_at, public_holiday_at),
)  # fmt: skip
