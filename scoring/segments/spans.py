"""Spans of time as text: "10m", "1.5h", "7d"."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
LONGEST = 36_500 * _UNITS["d"]


def exact(text: str) -> Fraction:
    """Milliseconds of a span: digits, decimals allowed, and one of s m h d w. Raises ValueError that says what is allowed."""
    match = _SPAN.fullmatch(text) if len(text) <= 40 else None
    if match is None:
        raise ValueError('a span is digits and one of s m h d w: "90s", "10m", "1.5h", "7d", "2w"')
    length = Fraction(match[1]) * _UNITS[match[2]]
    if length > LONGEST:
        raise ValueError("a span is at most 36500d, a hundred years")
    return length


def milliseconds(text: str) -> int:
    """A span in whole milliseconds, a fraction of one counted as a whole. Raises ValueError."""
    return math.ceil(exact(text))


def corrected(text: str) -> str | None:
    """What an unreadable span probably meant: `10 min` is `10m`, `7D` is `7d`."""
    match = re.fullmatch(r"\s*([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*(s|m|h|d|w)[a-z]*\.?\s*", text[:60].lower())
    if match is None or "month" in text.lower() or text.lower().rstrip().endswith("ms"):
        return None
    return match[1] + match[2]
