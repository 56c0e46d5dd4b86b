"""Holidays by country, from the library `holidays`: it is loaded when it is first asked, for it knows some 250 countries."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from scoring.calendar.rules import number

_ENGLISH = "en_US"


@cache
def countries() -> frozenset[str]:
    """Two capital letters each."""
    import holidays

    return frozenset(country for country in holidays.list_supported_countries() if len(country) == 2)


@lru_cache(maxsize=4096)
def public(country: str, year: int) -> tuple[int, ...]:
    """The public holidays of a country in a year, as days counted from 1970; none of what is no country."""
    if country not in countries():
        return ()
    import holidays

    return tuple(sorted(number(day) for day in holidays.country_holidays(country, years=year)))


@lru_cache(maxsize=4096)
def by_name(country: str, year: int) -> Mapping[str, tuple[int, ...]]:
    """All that the library knows of a country, be it a day off or not, by English name in small letters; where it has none, by its own."""
    if country not in countries():
        return {}
    import holidays

    known = holidays.country_holidays(country)
    language = _ENGLISH if _ENGLISH in known.supported_languages else None
    found: dict[str, set[int]] = {}
    for day in holidays.country_holidays(country, years=year, language=language, categories=known.supported_categories).items():
        for name in day[1].split("; "):
            found.setdefault(name.lower(), set()).add(number(day[0]))
    return {name: tuple(sorted(days)) for name, days in found.items()}
