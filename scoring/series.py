"""Counts in time: a series holds hours with their counts, and answers what a window holds and when it holds less.

A series is a flat list `[hour - h0, n, …]`, oldest first, or None when nothing was counted. `h0` is at a UTC day's
start. Hours out of reach of every hourly window (31 days) are merged to one entry a day, so one series serves both
grains; what is older than the longest window (400 days) is dropped. Windows `w` and grains are milliseconds; an event of the
grain `[g, g + 1)` counts up to, not including, `(g + 1) * grain + w`.
"""

from __future__ import annotations

from scoring.state import DAY, HOUR, NEVER, Customer

Series = list[int] | None

#: Windows up to this one have one-hour grain, longer ones a day's.
HOURLY_REACH = 31 * DAY
#: No window is longer.
LONGEST = 400 * DAY

_HOURS_KEPT = 31 * 24 + 48
_HOURS_IN_ALL = 402 * 24
_SQUEEZED_FROM = 160


def bump(series: Series, hour: int, n: int) -> list[int]:
    """Adds `n` at `hour` (counted from h0)."""
    if series is None:
        return [hour, n]
    newest = series[-2] if series else hour - 1
    if newest == hour:
        series[-1] += n
        return series
    if newest > hour:
        return _bump_late(series, hour, n)
    series.append(hour)
    series.append(n)
    if len(series) > _SQUEEZED_FROM and not len(series) & 63:
        return _squeeze(series, hour)
    return series


def _bump_late(series: list[int], hour: int, n: int) -> list[int]:
    i = len(series) - 2
    while i >= 0 and series[i] > hour:
        i -= 2
    if i >= 0 and series[i] == hour:
        series[i + 1] += n
    else:
        series[i + 2 : i + 2] = [hour, n]
        if len(series) > _SQUEEZED_FROM and not len(series) & 63:
            return _squeeze(series, series[-2])
    return series


def joined(a: Series, b: Series, shift: int) -> Series:
    """Both in one, `b` moved by `shift` hours (whole days) to count from the h0 of `a`."""
    if b is None:
        return a
    counts = dict(zip(a[::2], a[1::2], strict=True)) if a is not None else {}
    for hour, n in zip(b[::2], b[1::2], strict=True):
        counts[hour + shift] = counts.get(hour + shift, 0) + n
    out = [number for hour, n in sorted(counts.items()) if n for number in (hour, n)]
    return (_squeeze(out, out[-2]) if len(out) > _SQUEEZED_FROM else out) or None


def _squeeze(series: list[int], newest: int) -> list[int]:
    cut, oldest = newest - _HOURS_KEPT, newest - _HOURS_IN_ALL
    out: list[int] = []
    for i in range(0, len(series), 2):
        hour = series[i]
        if hour >= cut:
            return out + series[i:]
        if hour < oldest:
            continue
        if out and out[-2] // 24 == hour // 24:  # h0 is at a day's start
            out[-2] = hour
            out[-1] += series[i + 1]
        else:
            out.append(hour)
            out.append(series[i + 1])
    return out


def reach(series: Series, h0: int, now: int, w: int, k: int, grain: int) -> int:
    """The instant at which the window's count falls below `k`; 0 if it is below already. Counts must not be negative."""
    if series is None:
        return 0
    i = len(series) - 1
    oldest = (now - w) // grain
    while i > 0:
        g = series[i - 1] + h0
        if grain == DAY:
            g //= 24
        if g < oldest:
            return 0
        k -= series[i]
        if k <= 0:
            return (g + 1) * grain + w
        i -= 2
    return 0


def reach_both(a: Series, b: Series, h0: int, now: int, w: int, k: int, grain: int) -> int:
    """`reach` over two series read as one."""
    i = len(a) - 1 if a is not None else -1
    j = len(b) - 1 if b is not None else -1
    oldest = (now - w) // grain
    while i > 0 or j > 0:
        if j < 0 or (i > 0 and a[i - 1] >= b[j - 1]):  # type: ignore[index]
            g, n = a[i - 1] + h0, a[i]  # type: ignore[index]
            i -= 2
        else:
            g, n = b[j - 1] + h0, b[j]  # type: ignore[index]
            j -= 2
        if grain == DAY:
            g //= 24
        if g < oldest:
            return 0
        k -= n
        if k <= 0:
            return (g + 1) * grain + w
    return 0


def total(series: Series, h0: int, now: int, w: int, grain: int) -> tuple[int, int]:
    """What the window holds, and the instant of its next step (NEVER if it holds nothing)."""
    if series is None:
        return 0, NEVER
    i = len(series) - 1
    oldest = (now - w) // grain
    n, step = 0, NEVER
    while i > 0:
        g = series[i - 1] + h0
        if grain == DAY:
            g //= 24
        if g < oldest:
            break
        n += series[i]
        step = (g + 1) * grain + w
        i -= 2
    return n, step


def total_both(a: Series, b: Series, h0: int, now: int, w: int, grain: int) -> tuple[int, int]:
    n, step = total(a, h0, now, w, grain)
    m, step_b = total(b, h0, now, w, grain)
    return n + m, step if step < step_b else step_b


def reach_visits(s: Customer, now: int, w: int, k: int, grain: int) -> int:
    """`reach` over sessions: the newest apart, the others in their series."""
    start = s.visit_start
    if start is None:
        return 0
    end = (start // grain + 1) * grain + w
    if end <= now:
        return 0
    return end if k <= 1 else reach(s.visits, s.h0, now, w, k - 1, grain)


def total_visits(s: Customer, now: int, w: int, grain: int) -> tuple[int, int]:
    n, step = total(s.visits, s.h0, now, w, grain)
    start = s.visit_start
    if start is not None and (end := (start // grain + 1) * grain + w) > now:
        return n + 1, end if end < step else step
    return n, step


def total_site_time(s: Customer, now: int, w: int, grain: int) -> tuple[int, int]:
    n, step = total(s.visit_time, s.h0, now, w, grain)
    start, last = s.visit_start, s.visit_end
    if start is not None and last is not None and (end := (start // grain + 1) * grain + w) > now:
        return n + last - start, end if end < step else step
    return n, step


def reach_days(s: Customer, now: int, w: int, k: int) -> int:
    """`reach` over active days; day d counts up to, not including, the start of day d plus `w`."""
    days = s.days
    if days is None or len(days) < k:
        return 0
    end = (days[-k] + s.h0 // 24) * DAY + w
    return end if end > now else 0


def total_days(s: Customer, now: int, w: int) -> tuple[int, int]:
    days = s.days
    if days is None:
        return 0, NEVER
    oldest = (now - w) // DAY - s.h0 // 24
    n = 0
    for day in reversed(days):
        if day <= oldest:
            break
        n += 1
    if not n:
        return 0, NEVER
    return n, (days[-n] + s.h0 // 24) * DAY + w


def grain_of(w: int) -> int:
    return HOUR if w <= HOURLY_REACH else DAY
