"""Instants as text: RFC 3339 in UTC with milliseconds, as every record carries them."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=16_384)
def _minute(minute: int) -> str:
    day, rest = divmod(minute, 1440)
    return f"{date.fromordinal(_EPOCH + day).isoformat()}T{rest // 60:02d}:{rest % 60:02d}:"


_SECONDS = [f"{second:02d}." for second in range(60)]
_ENDINGS = [f"{ms:03d}Z" for ms in range(1000)]


def rfc3339(ms: int) -> str:
    """Epoch milliseconds as `2026-03-01T11:00:00.000Z`. Put together from parts: formatting takes three times as long."""
    minute, rest = divmod(ms, 60_000)
    return _minute(minute) + _SECONDS[rest // 1000] + _ENDINGS[rest % 1000]
