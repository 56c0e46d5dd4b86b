"""Time zones by name, from the IANA data of the package `tzdata` alone: the same rules and the same names on every machine."""

from __future__ import annotations

from datetime import datetime
from functools import cache
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
    second = min(max(instant, EARLIEST + DAY), LATEST - DAY) // 1000
    ahead = datetime.fromtimestamp(second, _zone(zone)).utcoffset()
    assert ahead is not None
    return (ahead.days * 86_400 + ahead.seconds) * 1000


@cache
def _zone(name: str) -> ZoneInfo:
    assert name in names(), name  # it becomes a file's name
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
