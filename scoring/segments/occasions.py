"""`[calendar]` and `[[occasion]]`: the days that conditions ask for by name.

[calendar]
time_zone = "Europe/Amsterdam"     # of customers whose profile names none
country = "NL"                     # likewise; without it their holidays are unknown

[[occasion]]
name = "sinterklaas"
date = "12-05"                     # or dates = ["2026-05-10", …], rule = "1 day after 4th thursday of november", holiday = "King's Day"
countries = ["NL", "BE"]           # only for customers there
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoring.calendar import holidays, rules
from scoring.calendar.calendar import Calendar, Occasion
from scoring.expressions.problem import suggest
from scoring.segments.document import Document
from scoring.segments.table import Table, kind_word
from scoring.zones import is_zone, names

_WHEN = ("date", "dates", "rule", "holiday")
#: A year whose holidays stand for all when a name is looked up.
_SAMPLE_YEARS = (2024, 2025, 2026)


def read_calendar(document: Document) -> Calendar:
    """The calendar of a file; faults are noted in the document."""
    data = document.data.get("calendar", {})
    zone, country = "UTC", None
    if isinstance(data, dict):
        table = Table(document, ("calendar",), data, "[calendar] table")
        table.only(("time_zone", "country"))
        zone, country = _zone(table) or zone, _country(table, "country", table.text("country", example='"NL"'))
    else:
        document.fault(("calendar",), f"`calendar` must be a table, not {kind_word(data)}", "write [calendar]", key=True)
    found: dict[str, Occasion] = {}
    given = document.data.get("occasion", [])
    if not isinstance(given, list):
        document.fault(("occasion",), "each occasion begins with [[occasion]], in two brackets", key=True)
        given = []
    for index, each in enumerate(given):
        if not isinstance(each, dict):
            document.fault(("occasion", index), f"an occasion must be a table, not {kind_word(each)}", "each begins with [[occasion]]")
            continue
        table = Table(document, ("occasion", index), each, "occasion")
        name = table.name()
        if name in found:
            table.fault(f"there is an occasion `{name}` already", at="name")
        elif name is not None:
            found[name] = _occasion(table, name)
    return Calendar(found, zone, country)


def _zone(table: Table) -> str | None:
    zone = table.text("time_zone", example='"Europe/Amsterdam"')
    if zone is None or is_zone(zone):
        return zone
    table.fault(f"unknown time zone `{zone[:64]}`", suggest(zone, names()), at="time_zone")
    return None


def _country(table: Table, key: str, code: str | None) -> str | None:
    if code is None or code in holidays.countries():
        return code
    table.fault(f"unknown country `{code[:64]}`", 'two capital letters as in ISO 3166, such as "NL"', at=key)
    return None


def _occasion(table: Table, name: str) -> Occasion:
    table.only(("name", *_WHEN, "countries"))
    countries = tuple(filter(None, (_country(table, "countries", code) for code in _texts(table, "countries", '["NL", "BE"]'))))
    given = [key for key in _WHEN if key in table.data]
    if len(given) != 1:
        table.fault("an occasion needs one of `date`, `dates`, `rule` and `holiday`", 'such as date = "12-05"')
        return Occasion(name, rules.Listed(()))
    if given == ["holiday"]:
        holiday = _texts(table, "holiday", '"Christmas Day"')
        _tell_unknown(table, holiday, countries)
        return Occasion(name, None, holiday, countries)
    if given == ["dates"]:
        return Occasion(name, _dates(table), (), countries)
    if given == ["date"]:
        return Occasion(name, _read(table, "date", rules.read_yearly, '"12-05"'), (), countries)
    return Occasion(name, _read(table, "rule", rules.read_rule, '"4th friday of november"'), (), countries)


def _read(table: Table, key: str, read: Callable[[str], rules.Days], example: str) -> rules.Days:
    text = table.text(key, example=example)
    try:
        return rules.Listed(()) if text is None else read(text)
    except ValueError as error:
        table.fault(f'"{(text or "")[:40]}" is no {key}', str(error), at=key)
        return rules.Listed(())


def _dates(table: Table) -> rules.Days:
    days = []
    for text in _texts(table, "dates", '["2026-05-10", "2027-05-09"]'):
        day = rules.read_date(text)
        if day is None:
            table.fault(f'"{text[:40]}" is no date', 'year, month and day, such as "2026-05-10"', at="dates")
        else:
            days.append(day)
    return rules.Listed(tuple(sorted(days)))


def _texts(table: Table, key: str, example: str) -> tuple[str, ...]:
    """A text, or a list of texts."""
    value: Any = table.data.get(key, [])
    given = [value] if isinstance(value, str) else value
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return tuple(given)
    table.fault(f"`{key}` must be texts", f"such as {key} = {example}", at=key)
    return ()


def _tell_unknown(table: Table, wanted: tuple[str, ...], countries: tuple[str, ...]) -> None:
    """Where the countries are named, whether any of them has such a holiday."""
    known = {name for country in countries for year in _SAMPLE_YEARS for name in holidays.by_name(country, year)}
    for name in wanted:
        if known and name.lower() not in known:
            table.fault(f"no holiday `{name[:64]}` in {', '.join(countries)}", suggest(name.lower(), known, "there are"), at="holiday")
