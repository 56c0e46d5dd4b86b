"""Saying once that something is away, and once that it is back."""

from __future__ import annotations

from collections import Counter
from weakref import WeakSet

import structlog

from streams.clock import monotonic

log = structlog.get_logger(__name__)

#: Seconds between reminders while it lasts.
_AGAIN = 60.0

#: Those there are in this process, and how often each has begun by what is away: for figures.
every: WeakSet[Outage] = WeakSet()
begun: Counter[str] = Counter()


class Outage:
    """`what` is away and back; `meanwhile` says what becomes of the work."""

    def __init__(self, what: str, meanwhile: str) -> None:
        self.what = what
        every.add(self)
        self._meanwhile = meanwhile
        self._since: float | None = None
        self._said = 0.0

    @property
    def lasts(self) -> bool:
        return self._since is not None

    def failed(self, error: BaseException) -> None:
        now = monotonic()
        if self._since is None:
            self._since = now
            begun[self.what] += 1
        elif now - self._said < _AGAIN:
            return
        self._said = now
        seconds = round(now - self._since)
        log.warning(f"{self.what} is away: {self._meanwhile}", error=str(error) or type(error).__name__, for_seconds=seconds)

    def over(self) -> None:
        if self._since is not None:
            log.info(f"{self.what} is back", after_seconds=round(monotonic() - self._since))
            self._since = None
