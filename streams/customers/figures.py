"""What the worker tells of itself: gauges, a line of figures now and then, and that the broker is away."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

import structlog

from streams.clock import monotonic, now_ms
from streams.customers.counters import Counters
from streams.customers.partition import Partition

#: Seconds between two lines of figures, or of saying that the broker is away.
EVERY = 10.0
#: Lines whose longest pause is remembered: a minute.
REMEMBERED = 6
#: Seconds without an answered heartbeat after which the broker counts as away.
SILENCE = 5.0

_TOLD = ("events", "changes", "messages", "repeats", "dead_letters", "fired", "migrated")
_GAUGES = ("customers", "lag", "watermark_delay", "longest_pause")
_NEVER = float("-inf")

log = structlog.get_logger(__name__)


class Figures:
    """`look` about once a second."""

    def __init__(self, counters: Counters, broker: str) -> None:
        self._counters = counters
        self._broker = broker
        self._before = counters.as_dict()
        self._reported = monotonic()
        self._away_told = _NEVER
        self._pauses: deque[int] = deque(maxlen=REMEMBERED)
        self._stood: dict[int, tuple[int, float]] = {}

    def look(self, partitions: Collection[Partition], silence: float) -> None:
        """`silence`: seconds since the broker last answered."""
        ready = [each for each in partitions if each.ready]
        self._gauge(ready)
        self._look_at_time(ready)
        self._tell_of_silence(bool(partitions), silence)
        if monotonic() - self._reported > EVERY:
            self._report()

    def _gauge(self, ready: list[Partition]) -> None:
        counters = self._counters
        counters.partitions = len(ready)
        counters.customers = sum(len(each.states) for each in ready)
        counters.lag = sum(each.watermark.lag(each.alignment) + each.alignment.waiting() for each in ready)
        counters.watermark_delay = max((now_ms() - each.watermark.time for each in ready), default=0)

    def _look_at_time(self, ready: list[Partition]) -> None:
        now, before = monotonic(), self._stood
        self._stood = {}
        for each in ready:
            time, since = before.get(each.number, (-1, now))
            self._stood[each.number] = (time, since) if time == each.watermark.time else (each.watermark.time, now)

    @property
    def longest_pause(self) -> int:
        """How long the loop did nothing else, ms, at most in the last minute."""
        return max(*self._pauses, self._counters.longest_pause, 0)

    def standing(self, number: int) -> float:
        """Seconds that a partition's watermark has not moved."""
        return monotonic() - self._stood[number][1] if number in self._stood else 0.0

    def _tell_of_silence(self, member: bool, silence: float) -> None:
        if member and silence > SILENCE:
            if monotonic() - self._away_told > EVERY:
                log.warning("the broker does not answer; waiting for it", broker=self._broker, seconds=round(silence))
                self._away_told = monotonic()
        elif self._away_told > _NEVER:
            log.info("the broker answers again", broker=self._broker)
            self._away_told = _NEVER

    def _report(self) -> None:
        """A line if anything happened."""
        now, seconds = self._counters.as_dict(), monotonic() - self._reported
        said = {name: now[name] - self._before[name] for name in _TOLD if now[name] > self._before[name]}
        if said:
            rate = round((now["events"] - self._before["events"]) / seconds)
            log.info("at work", events_per_second=rate, **said, **{name: now[name] for name in _GAUGES})
        self._before, self._reported = now, monotonic()
        self._pauses.append(self._counters.longest_pause)
        self._counters.longest_pause = 0
