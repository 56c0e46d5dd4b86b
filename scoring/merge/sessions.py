"""Sessions and active days of two ids as one's. Sessions that are kept one by one are joined where they meet; older ones are counted."""

from __future__ import annotations

from struct import Struct

from scoring.series import joined
from scoring.state import Customer
from scoring.traits.presence import GAP, count, spans_of

_SPAN = Struct("<2q")
_DAYS_KEPT = 401


def join(s: Customer, f: Customer, lateness: int) -> None:
    spans = _taken_out(s) + _taken_out(f)
    shift = f.h0 - s.h0
    s.visits, s.visit_time = joined(s.visits, f.visits, shift), joined(s.visit_time, f.visit_time, shift)
    s.site_time += f.site_time
    united = _united(spans)
    s.session_count += f.session_count - len(spans) + len(united)
    s.visit_start = s.visit_end = s.recent_visits = None
    if united:
        s.visit_start, s.visit_end = united.pop()
        for start, end in united:
            count(s, start, end, 1)
        keep_from = s.visit_end - lateness - GAP
        s.recent_visits = b"".join(_SPAN.pack(*span) for span in united if span[1] >= keep_from) or None
    _days(s, f, shift // 24)


def _taken_out(s: Customer) -> list[tuple[int, int]]:
    """The sessions that are kept one by one, out of the counts of the others."""
    spans = spans_of(s)
    for start, end in spans[:-1]:
        count(s, start, end, -1)
    return spans


def _united(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order; those no further apart than a session's gap are one."""
    united: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if united and start - united[-1][1] <= GAP:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _days(s: Customer, f: Customer, shift: int) -> None:
    mine, theirs = set(s.days or ()), {day + shift for day in f.days or ()}
    s.day_count += f.day_count - len(mine & theirs)
    days = sorted(mine | theirs)
    s.days = [day for day in days if day >= days[-1] - _DAYS_KEPT] if days else None
    s.day = None if not days else days[-1] + s.h0 // 24
