"""A definition file's calendar: its occasions, and the instants between which a customer's clock shows them, or the time before them.

A day lasts from its local midnight to the next (scoring/zones.py). `before` it: whole days are days of the customer's clock, whatever
happens to it meanwhile; what is no whole days is exact.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from scoring.calendar import holidays
from scoring.calendar.rules import FIRST_YEAR, LAST_YEAR, Days, in_year
from scoring.state import DAY, NEVER
from scoring.zones import midnight

#: What `public_holiday` asks for: no occasion of a file has this name.
PUBLIC_HOLIDAY = ""
#: In which years to look from a given one: a span before a day may be 400 days.
_AROUND = range(-1, 3)
_ANSWERS = 16_384


@dataclass(frozen=True, slots=True)
class Occasion:
    """`days`, or the `holiday` of one of these names in the customer's country. `countries`: only for customers there; none: everywhere."""

    name: str
    days: Days | None
    holiday: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()

    def of(self, country: str | None, year: int) -> Sequence[int]:
        """Its days in a year for a customer in a country (None: unknown)."""
        if self.countries and country not in self.countries:
            return ()
        if self.days is not None:
            return self.days(year)
        known = holidays.by_name(country, year) if country else {}
        return sorted({day for name in self.holiday for day in known.get(name.lower(), ())})


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """`time_zone` and `country` are of customers whose profile names none; `country` may be None: then theirs is unknown."""

    occasions: Mapping[str, Occasion] = field(default_factory=dict)
    time_zone: str = "UTC"
    country: str | None = None
    #: What `occasion` answered last, by what it was asked, and from when: nearly all that ask next ask within the same answer.
    answers: dict[tuple[str, str | None, str, int], tuple[int, tuple[bool, int]]] = field(default_factory=dict, repr=False)
    #: The same of customers without a profile, by occasion and span alone.
    everybodys: dict[tuple[str, int], tuple[int, tuple[bool, int]]] = field(default_factory=dict, repr=False)

    def said(self, name: str | None) -> list[Any]:
        """What a definition that reads the calendar means by it, `name` being the occasion that it names."""
        return [self.time_zone, self.country, repr(self.occasions.get(name or ""))]

    def days(self, name: str, country: str | None, year: int) -> Sequence[int]:
        """The days of an occasion in a year; an unknown one has none."""
        if name == PUBLIC_HOLIDAY:
            return holidays.public(country, year) if country else ()
        found = self.occasions.get(name)
        return found.of(country, year) if found is not None else ()


EMPTY = Calendar()


def occasion(calendar: Calendar, name: str, country: str | None, zone: str, before: int, now: int) -> tuple[bool, int]:
    """(whether it is the day, or at most `before` ms ahead of it; no later than the next instant at which that changes)."""
    asked = name, country, zone, before
    known = calendar.answers.get(asked)
    if known is not None and known[0] <= now < known[1][1]:
        return known[1]
    answer = between(*_edges(calendar, name, country, zone, before, year_of(now)), now)
    if len(calendar.answers) >= _ANSWERS:
        calendar.answers.clear()
    calendar.answers[asked] = now, answer
    return answer


#: Month and day.
Day = tuple[int, int]


def yearly(first: Day, zone: str, before: int, now: int, *, last: Day | None = None, after: int = 0) -> tuple[bool, int]:
    """As `occasion`, of a day of every year, or the days up to `last`; `after`: only those that begin in years after this one."""
    return between(*_yearly_edges(first, last or first, after, zone, before, year_of(now)), now)


def span(zone: str, first: int, last: int, before: int) -> tuple[int, int]:
    """The instants from `before` ms ahead of a day up to, not including, the end of the last one."""
    whole, rest = divmod(before, DAY)
    return midnight(zone, first) - before if rest else midnight(zone, first - whole), midnight(zone, last + 1)


def between(edges: Sequence[int], until: int, now: int) -> tuple[bool, int]:
    """Whether an odd number of edges has passed; the next edge, at the latest `until`, where the edges that are known end."""
    place = bisect_right(edges, now)
    return place % 2 == 1, edges[place] if place < len(edges) and edges[place] < until else until


def year_of(now: int) -> int:
    """The year of an instant, give or take a day at its ends, among those that occasions are known in."""
    return min(max(FIRST_YEAR + 2, FIRST_YEAR + int(now // DAY // 365.2425)), LAST_YEAR - 2)


@lru_cache(maxsize=16_384)
def _edges(calendar: Calendar, name: str, country: str | None, zone: str, before: int, year: int) -> tuple[Sequence[int], int]:
    days = [day for around in _AROUND for day in calendar.days(name, country, year + around)]
    return _merged([span(zone, day, day, before) for day in days]), _known_until(year)


@lru_cache(maxsize=16_384)
def _yearly_edges(first: Day, last: Day, after: int, zone: str, before: int, year: int) -> tuple[Sequence[int], int]:
    years = [year + around for around in _AROUND if year + around > after]
    days = [(in_year(each, *first), in_year(each + (last < first), *last)) for each in years]
    return _merged([span(zone, *each, before) for each in days]), _known_until(year)


def _known_until(year: int) -> int:
    """An instant near the end of the year at which to look again: in the years after it more days are known."""
    return NEVER if year >= LAST_YEAR - 2 else (int((year + 1 - FIRST_YEAR) * 365.2425) + 1) * DAY


def _merged(spans: list[tuple[int, int]]) -> list[int]:
    """Starts and ends in turn, what overlaps or touches joined."""
    edges: list[int] = []
    for start, end in sorted(spans):
        if edges and start <= edges[-1]:
            edges[-1] = max(edges[-1], end)
        else:
            edges += (start, end)
    return edges
