"""Presence: first seen, visits (sessions), time on site and active days.

Keeps: the newest session apart; older ones in series by the hour they started; those that a late event may still touch
also one by one. Sessions are activities with gaps of at most 30 minutes and belong whole to the instant they started.
"""

from __future__ import annotations

from bisect import bisect_left
from struct import Struct

from scoring.series import bump
from scoring.state import DAY, HOUR, Customer
from scoring.traits.attribute import Attribute
from scoring.traits.effects import ACTIVE_DAY, FIRST, SESSION, SITE_TIME, VISIT

#: The longest gap within a session, ms.
GAP = 30 * 60_000

_DAYS_KEPT = 401

#: A session of `recent_visits`: start, end. Bytes are read and written at a fraction of a list's cost, and most events leave them alone.
_SPAN = Struct("<2q")

_ACTIVITY = ("page_view", "cart_add", "cart_remove", "cart_update", "cart_clear", "checkout_started", "wishlist_add", "purchase")

ATTRIBUTES = (
    Attribute("since_first_seen", "duration", "grows", "time since the first event of any type", "s.first_seen", FIRST),
    Attribute("since_last_visit", "duration", "grows", "time since the last activity", "s.visit_end", 0, VISIT, fed_by=_ACTIVITY),
    Attribute("sessions", "number", "steps", "sessions, counted at their start", "s.session_count", SESSION, windowed=True,
              total="total_visits(s, now, {w}, {grain})", reach="reach_visits(s, now, {w}, {k}, {grain})", fed_by=_ACTIVITY),
    Attribute("time_on_site", "duration", "steps", "summed length of sessions, counted at their start",
              "(s.site_time + s.visit_end - s.visit_start if s.visit_end is not None else 0)", SITE_TIME, windowed=True,
              total="total_site_time(s, now, {w}, {grain})", fed_by=_ACTIVITY),
    Attribute("active_days", "number", "steps", "distinct UTC days with activity; in days(n): today and the n - 1 days before",
              "s.day_count", ACTIVE_DAY, windowed=True, whole_days=True,
              total="total_days(s, now, {w})", reach="reach_days(s, now, {w}, {k})", fed_by=_ACTIVITY),
)  # fmt: skip


def activity(s: Customer, ts: int, lateness: int) -> int:
    """Folds the presence of one activity; returns its effects."""
    if s.recent_orders is not None:
        note_activity(s, ts, lateness)
    effects = VISIT | SITE_TIME
    start, end = s.visit_start, s.visit_end
    if start is None or end is None or ts - end > GAP:
        effects |= SESSION
        if start is None or end is None:
            effects |= FIRST
        else:
            _close(s, start, end, ts - lateness - GAP)
        s.visit_start = s.visit_end = ts
        s.session_count += 1
    elif ts >= end:
        s.visit_end = ts
    elif ts < start:
        _late(s, start, ts, s.at - lateness - GAP)
        effects |= SESSION
    day = ts // DAY
    if day != s.day:
        effects |= _active_on(s, day)
    return effects


def _active_on(s: Customer, day: int) -> int:
    offset = day - s.h0 // 24
    days = s.days
    if days is None:
        s.days = [offset]
    elif offset > days[-1]:
        days.append(offset)
        _forget_days(days)
    else:
        i = bisect_left(days, offset)
        if i < len(days) and days[i] == offset:
            return 0
        days.insert(i, offset)
        _forget_days(days)
    s.day_count += 1
    s.day = day if s.day is None else max(day, s.day)
    return ACTIVE_DAY


def _forget_days(days: list[int]) -> None:
    if len(days) > _DAYS_KEPT + 64:
        del days[: bisect_left(days, days[-1] - _DAYS_KEPT)]


def _close(s: Customer, start: int, end: int, keep_from: int) -> None:
    """The newest session joins the older ones; of those, only what ended at `keep_from` or later stays apart too."""
    count(s, start, end, 1)
    recent = s.recent_visits or b""
    old = 0
    while old < len(recent) and _SPAN.unpack_from(recent, old)[1] < keep_from:
        old += _SPAN.size
    if end >= keep_from:
        recent = recent[old:] + _SPAN.pack(start, end)
    elif old:
        recent = recent[old:]
    s.recent_visits = recent or None


def count(s: Customer, start: int, end: int, sign: int) -> None:
    """Adds a session to the older ones' counts, or with `sign` -1 takes it out."""
    hour = start // HOUR - s.h0
    s.visits = bump(s.visits, hour, sign)
    if end > start:
        s.visit_time = bump(s.visit_time, hour, sign * (end - start))
        s.site_time += sign * (end - start)


def _late(s: Customer, newest: int, ts: int, keep_from: int) -> None:
    """An activity before the newest session, which began at `newest`: it may lengthen a session, join two, or be one of its own.

    One that ended before `keep_from` is counted and not kept apart: a producer that sends years of history late sends no end of them.
    """
    spans = list(_SPAN.iter_unpack(s.recent_visits or b""))
    touched = [span for span in spans if span[0] - GAP <= ts <= span[1] + GAP]
    joins_newest = ts >= newest - GAP
    for start, end in touched:
        count(s, start, end, -1)
        spans.remove((start, end))
    start = min([ts] + [a for a, _ in touched])
    end = max([ts] + [b for _, b in touched])
    s.session_count += 1 - len(touched) - joins_newest
    if joins_newest:
        s.visit_start = start
    else:
        count(s, start, end, 1)
        spans.append((start, end))
        spans.sort()
    s.recent_visits = b"".join(_SPAN.pack(*span) for span in spans if span[1] >= keep_from) or None


def neighbours(s: Customer, ts: int) -> tuple[int | None, int | None]:
    """The activities next to `ts` (before, after), None for none; (ts, ts) where taking one at `ts` away would change nothing."""
    before: int | None = None
    after: int | None = None
    for start, end in spans_of(s):
        if start <= ts <= end:
            return ts, ts
        if end < ts:
            before = end  # they come in order
        elif after is None:
            after = start
    return before, after


def withdraw(s: Customer, ts: int, before: int | None, after: int | None) -> None:
    """Takes back the activity at `ts`, whose neighbours are known, as if it had never been."""
    if ts in (before, after):
        return
    day = ts // DAY
    if s.days is not None and day not in (None if before is None else before // DAY, None if after is None else after // DAY):
        s.days.remove(day - s.h0 // 24)
        s.days = s.days or None
        s.day_count -= 1
        s.day = s.days[-1] + s.h0 // 24 if s.days else None
    spans = spans_of(s)
    for start, end in spans[:-1]:
        count(s, start, end, -1)  # all of them, and those that are left again: which is the newest may change
    held = next((span for span in spans if span[0] <= ts <= span[1]), None)
    if held is not None:
        start, end = held
        left = [(start, before)] if before is not None and start <= before else []
        right = [(after, end)] if after is not None and after <= end else []
        if left and right and right[0][0] - left[0][1] <= GAP:
            left, right = [(start, end)], []
        at = spans.index(held)
        spans[at : at + 1] = left + right
        s.session_count += len(left) + len(right) - 1
    s.visit_start, s.visit_end = spans.pop() if spans else (None, None)
    for start, end in spans:
        count(s, start, end, 1)
    s.recent_visits = b"".join(_SPAN.pack(*span) for span in spans) or None


def spans_of(s: Customer) -> list[tuple[int, int]]:
    """The recent sessions in order, the newest last."""
    spans: list[tuple[int, int]] = list(_SPAN.iter_unpack(s.recent_visits or b""))
    if s.visit_start is not None and s.visit_end is not None:
        spans.append((s.visit_start, s.visit_end))
    return spans


#: A record of `recent_orders`, in order of ts: id (64 bits), ts, cents, the activities before and after it (None: none).
ORDER_WIDTH = 5


def note_activity(s: Customer, ts: int, lateness: int) -> None:
    """Keeps the neighbours of recent orders; forgets the orders once none of them can be taken back any more."""
    recent = s.recent_orders
    assert recent is not None
    if ts - recent[-4] > lateness:
        s.recent_orders = None
        return
    for i in range(0, len(recent), ORDER_WIDTH):
        placed, before, after = recent[i + 1], recent[i + 3], recent[i + 4]
        if ts <= placed:
            if before is None or ts > before:
                recent[i + 3] = ts
        elif after is None or ts < after:
            recent[i + 4] = ts
