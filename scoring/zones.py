"""Time zones by name, from the IANA data of the package `tzdata` alone: the same rules and the same names on every machine."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from scoring.events.instants import DAY, EARLIEST, LATEST


@cache
def names() -> frozenset[str]:
    """All there are, such as Europe/Amsterdam."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def is_zone(name: object) -> bool:
    return isinstance(name, str) and name in names()


def offset(zone: str, instant: int) -> int:
    """Milliseconds that local time is ahead of UTC at an instant (ms), of a zone that is one."""
    steady = _all_day(zone, instant // DAY)
    return _at(zone, instant) if steady is None else steady


@lru_cache(maxsize=65_536)
def _all_day(zone: str, number: int) -> int | None:
    """The offset of a UTC day on which it does not change: no zone of the data has ever changed its clocks twice within six days."""
    ahead = _at(zone, number * DAY)
    return ahead if ahead == _at(zone, (number + 1) * DAY) else None


def _at(zone: str, instant: int) -> int:
    second = min(max(instant, EARLIEST + DAY), LATEST - DAY) // 1000
    ahead = datetime.fromtimestamp(second, _zone(zone)).utcoffset()
    assert ahead is not None
    return (ahead.days * 86_400 + ahead.seconds) * 1000


@cache
def _zone(name: str) -> ZoneInfo:
    assert name in names(), name  # it becomes a file's name
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def day(zone: str, instant: int) -> int:
    """The local day at an instant, counted from 1970-01-01."""
    return (instant + offset(zone, instant)) // DAY


@lru_cache(maxsize=65_536)
def midnight(zone: str, number: int) -> int:
    """The instant (ms) at which a local day begins: the first at which clocks show it, be it later than 00:00 as they are set forward."""
    shown = number * DAY
    before, after = offset(zone, shown - DAY), offset(zone, shown + DAY)
    early, late = shown - max(before, after), shown - min(before, after)
    if offset(zone, early) + early >= shown:
        return early
    while late - early > 1:  # clocks only go forward here
        middle = (early + late) // 2
        if offset(zone, middle) + middle >= shown:
            late = middle
        else:
            early = middle
    return late
