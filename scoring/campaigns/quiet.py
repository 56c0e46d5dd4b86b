"""Quiet hours: times of the day, on the customer's own clock, at which no mail goes out.

It is the clock on the wall that counts: an instant is quiet if the local time it shows is at or after `start` and before `end`. In the
night in which clocks go forward, an end that the clock skips (02:30) is there the moment the clock jumps (03:00), and a start that it
skips likewise. In the night in which they go back, an hour comes twice, and each time is judged by what the clock shows: quiet hours that
end at 02:30 end at the first 02:30, and those from 02:00 to 02:30 come once more when the clock shows 02:00 again.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoring.state import DAY
from scoring.zones import offset


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Milliseconds since local midnight, `start` and `end` never equal; over midnight where `start` is the later."""

    start: int
    end: int

    def covers(self, time_of_day: int) -> bool:
        if self.start < self.end:
            return self.start <= time_of_day < self.end
        return time_of_day >= self.start or time_of_day < self.end

    def over(self, zone: str, instant: int) -> int:
        """The first instant (ms), from `instant` on, that is not quiet in this zone: `instant` itself unless it is quiet."""
        return self._next(zone, instant, quiet=False)

    def begin(self, zone: str, instant: int) -> int:
        """The first instant (ms), from `instant` on, that is quiet in this zone."""
        return self._next(zone, instant, quiet=True)

    def following(self, zone: str, instant: int, until: int) -> list[int]:
        """The instants (ms) at which they begin and end in turn, after `instant`: of all that begin before `until`, and of one at least."""
        found: list[int] = []
        while not found or instant < until:
            begin = self.begin(zone, instant)
            if found and begin >= until:
                break
            instant = self.over(zone, begin)
            found += [begin, instant]
        return found

    def _next(self, zone: str, instant: int, quiet: bool) -> int:
        bound = self.start if quiet else self.end
        while True:
            ahead = offset(zone, instant)
            time_of_day = (instant + ahead) % DAY
            if self.covers(time_of_day) is quiet:
                return instant
            there = instant + (bound - time_of_day) % DAY
            if offset(zone, there) == ahead:
                return there
            instant = _changed(zone, ahead, instant, there)


def _changed(zone: str, ahead: int, before: int, after: int) -> int:
    """The instant between the two at which the zone's offset is `ahead` no longer; clocks are changed at whole seconds."""
    low, high = before // 1000, -(-after // 1000)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(zone, middle * 1000) == ahead:
            low = middle
        else:
            high = middle
    return high * 1000
