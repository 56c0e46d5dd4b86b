"""Caps: at most so many mails in any window of so long, in exact sliding time.

A window is half-open: a mail exactly `per` after another is outside its window, so that one a day may come at the same time every day.
Counted are mails that were decided to be sent, of all campaigns that aren't transactional.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cap:
    count: int
    per: int  # milliseconds
    text: str  # the span as the file has it


def reached(caps: Iterable[Cap], instants: Sequence[int], now: int) -> str:
    """The first cap that lets no further mail go at `now` (`cap 24h`); empty if one may go. `instants` (ms): of those that went."""
    for cap in caps:
        since = now - cap.per
        if sum(since < instant for instant in instants) >= cap.count:
            return f"cap {cap.text}"
    return ""


def counted(caps: Iterable[Cap], instants: Iterable[int], now: int) -> list[int]:
    """Those instants that some cap may still count at or after `now`."""
    since = now - max((cap.per for cap in caps), default=0)
    return [instant for instant in instants if instant > since]
