"""`[policy]` of a campaigns file, read: time zone, language, quiet hours and caps, with what can never work told at its place."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from scoring.campaigns.caps import Cap
from scoring.campaigns.model import Policy
from scoring.campaigns.quiet import QuietHours
from scoring.expressions.problem import nearest
from scoring.segments.document import Document
from scoring.segments.table import Table, kind_word
from scoring.state import DAY
from scoring.zones import is_zone, names

_KEYS = ("caps", "language", "not_while", "quiet_hours", "time_zone")
_CAP = ("count", "per")
_MINUTE = 60_000
_CLOCK = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
_HOURS_EXAMPLE = 'such as quiet_hours = "21:00-08:00"'
_CAP_EXAMPLE = 'such as { count = 1, per = "24h" }'
_CAPS_EXAMPLE = 'such as caps = [ { count = 1, per = "24h" } ]'
_MOST = 1000  # more mails than this in a window is no cap


def read_policy(document: Document) -> Policy:
    data = document.data.get("policy", {})
    if not isinstance(data, dict):
        document.fault(("policy",), f"`policy` must be a table, not {kind_word(data)}", "it begins with [policy]")
        return Policy()
    table = Table(document, ("policy",), data, "policy")
    table.only(_KEYS)
    known = {"time_zone": _time_zone(table), "language": _language(table), "quiet_hours": _quiet_hours(table), "caps": _caps(table)}
    return Policy(**{key: value for key, value in known.items() if value is not None})  # type: ignore[arg-type]


def _time_zone(table: Table) -> str | None:
    zone = table.text("time_zone", example='"Europe/Amsterdam"')
    if zone is None or is_zone(zone):
        return zone
    close = nearest(zone, {name.lower() for name in names()})
    found = next((name for name in names() if name.lower() == close), None)
    hint = f"did you mean `{found}`?" if found else "a name of the IANA database, such as Europe/Amsterdam"
    table.fault(f"unknown time zone `{zone[:64]}`", hint, at="time_zone")
    return None


def _language(table: Table) -> str | None:
    language = table.text("language", example='"nl"')
    if language is None or (language.isascii() and language.isalpha() and language.islower() and len(language) in (2, 3)):
        return language
    table.fault(f"`{language[:64]}` is no language: two or three small letters", 'such as "nl"', at="language")
    return None


def _quiet_hours(table: Table) -> QuietHours | None:
    text = table.text("quiet_hours", example='"21:00-08:00"')
    if text is None:
        return None
    times = [_time_of_day(part.strip()) for part in text.split("-")]
    if len(times) != 2 or times[0] is None or times[1] is None:
        table.fault(f'"{text[:40]}" are no quiet hours: two times of the day with a `-` between', _HOURS_EXAMPLE, at="quiet_hours")
        return None
    start, end = times[0] % DAY, times[1] % DAY
    if start == end:
        table.fault("these quiet hours are the whole day: nothing could ever be sent", _HOURS_EXAMPLE, at="quiet_hours")
        return None
    return QuietHours(start, end)


def _time_of_day(text: str) -> int | None:
    match = _CLOCK.fullmatch(text)
    time = None if match is None else (int(match[1]) * 60 + int(match[2])) * _MINUTE
    return None if time is None or time > DAY else time


def _caps(table: Table) -> tuple[Cap, ...] | None:
    given = table.data.get("caps")
    if given is None:
        return None
    if not isinstance(given, list):
        table.fault(f"`caps` must be a list of caps, not {kind_word(given)}", _CAPS_EXAMPLE, at="caps")
        return None
    found: list[tuple[int, Cap]] = []
    for i, each in enumerate(given):
        path = (*table.path, "caps", i)
        if not isinstance(each, dict):
            table.document.fault(path, f"a cap must be a table, not {kind_word(each)}", _CAP_EXAMPLE)
        elif (cap := _cap(Table(table.document, path, each, "cap"))) is not None:
            found.append((i, cap))
    for i, cap in found:
        if moot := next(filter(None, (_moot(cap, other) for j, other in found if j != i and (j < i or not _same(cap, other)))), None):
            table.document.fault((*table.path, "caps", i), f"this cap can never be reached: {moot}", "take it out, or change its numbers")
    return tuple(cap for _, cap in found)


def _cap(table: Table) -> Cap | None:
    table.only(_CAP)
    for key in _CAP:
        if key not in table.data:
            table.fault(f"a cap needs `{key}`", _CAP_EXAMPLE)
    count = table.data.get("count", 1)
    per: Fraction | None = table.span("per", example='"24h"', positive=True)
    if isinstance(count, bool) or not isinstance(count, int):
        table.fault(f"`count` must be a whole number, not {'a fraction' if isinstance(count, float) else kind_word(count)}", at="count")
    elif count < 1:
        table.fault(f"with a cap of {count} nothing could ever be sent", "at least 1; without campaigns nothing is sent either", at="count")
    elif count > _MOST:
        table.fault(f"`count` is at most {_MOST:,}", "a cap nobody reaches can be left out", at="count")
    elif per is not None and "count" in table.data:
        return Cap(count, math.ceil(per), table.data["per"])
    return None


def _same(one: Cap, other: Cap) -> bool:
    return one.per == other.per and one.count == other.count


def _moot(cap: Cap, other: Cap) -> str:
    """Why the other cap is always reached before this one; empty if it need not be."""
    if other.per >= cap.per and other.count <= cap.count:
        same = "there is another" if _same(cap, other) else "there is a stricter one"
        return f"{same}, {other.count} in {other.text}"
    if other.per < cap.per and (most := other.count * -(-cap.per // other.per)) <= cap.count:
        return f"{other.count} in {other.text} already means at most {most:,} in {cap.text}"
    return ""
