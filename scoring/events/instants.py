"""Instants as given: RFC 3339 text to epoch milliseconds.

Strictly the grammar of RFC 3339 section 5.6: `T` and `Z` in either case, seconds and an offset always there, fractions of any length
(digits after the third are cut off). A leap second (23:59:60 UTC) is the instant after 23:59:59, as in POSIX time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from scoring.events.invalid import Invalid, shown

MINUTE = 60_000
DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: The instants that can be written back as RFC 3339: the years 0001 to 9999, UTC.
EARLIEST = -62_135_596_800_000
LATEST = 253_402_300_799_999

_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_ALLOWED = "expected RFC 3339 with an offset, as 2026-03-01T11:00:00Z, or integer epoch milliseconds"

#: Reading a date costs ten times what three look-ups do, and neighbouring events share their minute: text is taken apart
#: into `2026-03-01T11:00:`, `12` and `.345Z`, each worth a number of milliseconds.
_minutes: dict[str, int] = {}
_seconds = {f"{second:02d}": second * 1000 for second in range(60)}
_endings = {"Z": 0, **{f".{ms:03d}Z": ms for ms in range(1000)}}
_MINUTES_KEPT = 65_536
_ENDINGS_KEPT = 16_384
_ENDING_LENGTH = 10  # ".345+02:00"; longer ones are too many to keep


def epoch_ms(text: str) -> int:
    """RFC 3339 -> epoch milliseconds. Raises Invalid (bad_ts)."""
    try:
        return _minutes[text[:17]] + _seconds[text[17:19]] + _endings[text[19:]]
    except KeyError:
        return _read(text)


def _read(text: str) -> int:
    found = _FORM.fullmatch(text)
    if found is None:
        raise Invalid("bad_ts", f"ts {shown(text)}: {_ALLOWED}")
    year, month, day, hour, minute, second, fraction, sign, off_hours, off_minutes = found.groups()
    try:
        start = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC) - _EPOCH
    except ValueError:
        raise Invalid("bad_ts", f"ts {shown(text)}: no such date or time of day in the years 0001 to 9999") from None
    minute_ms = (start.days * 86_400 + start.seconds) * 1000
    offset = 0
    if sign is not None:
        if int(off_hours) > 23 or int(off_minutes) > 59:
            raise Invalid("bad_ts", f"ts {shown(text)}: an offset is at most 23:59")
        offset = (int(off_hours) * 60 + int(off_minutes)) * MINUTE * (1 if sign == "+" else -1)
    ending = int(((fraction or "") + "000")[:3]) - offset
    if second > "59" and not (second == "60" and (minute_ms - offset) % DAY == DAY - MINUTE):
        raise Invalid("bad_ts", f"ts {shown(text)}: a minute has seconds 00 to 59 (60 only as the leap second 23:59:60 UTC)")
    ms = minute_ms + int(second) * 1000 + ending
    if not EARLIEST <= ms <= LATEST:
        raise Invalid("bad_ts", f"ts {shown(text)}: outside the years 0001 to 9999, UTC")
    if EARLIEST + DAY <= minute_ms <= LATEST - DAY:  # no offset can take a kept one out of the range
        _keep(text, minute_ms, ending)
    return ms


def _keep(text: str, minute_ms: int, ending: int) -> None:
    if len(_minutes) >= _MINUTES_KEPT:
        _minutes.clear()
    _minutes[text[:17]] = minute_ms
    rest = text[19:]
    if len(rest) <= _ENDING_LENGTH and rest not in _endings and len(_endings) < _ENDINGS_KEPT:
        _endings[rest] = ending


def checked(ms: int) -> int:
    """Epoch milliseconds as given. Raises Invalid (bad_ts) outside the years 0001 to 9999."""
    if not EARLIEST <= ms <= LATEST:
        raise Invalid("bad_ts", f"ts {shown(ms)}: outside the years 0001 to 9999 (epoch milliseconds, not seconds or microseconds)")
    return ms
