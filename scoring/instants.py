"""Instants as text: RFC 3339 in UTC with milliseconds, as every record carries them."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from scoring.state import DAY

_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    return f"{date.fromordinal(_EPOCH + day).isoformat()}T"


def rfc3339(ms: int) -> str:
    """Epoch milliseconds as `2026-03-01T11:00:00.000Z`."""
    day, rest = divmod(ms, DAY)
    seconds, ms = divmod(rest, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{_day(day)}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{ms:03d}Z"
