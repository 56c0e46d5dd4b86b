"""What the demo has seen so far; written by the watchers, read by the screen and the summary."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from streams.sinks.live_view import Counts

#: Changes and mails kept to be shown.
KEPT = 50
#: Looks at the counter that the rate is taken over, one every quarter of a second.
_LOOKS = 12


@dataclass(slots=True)
class Mail:
    number: int  # its place on the page, from 1
    campaign: str
    step: str
    to: str
    subject: str


@dataclass(slots=True)
class Figures:
    """Everything of this run."""

    events: int = 0  # confirmed by the broker
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)  # by kind and segment
    last_changes: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    not_sent: Counter[str] = field(default_factory=Counter)  # decisions against a mail, by reason
    mails: Counter[str] = field(default_factory=Counter)  # in the mailbox, by campaign
    last_mails: deque[Mail] = field(default_factory=lambda: deque(maxlen=KEPT))
    dead_letters: int = 0
    worker: dict[str, Any] = field(default_factory=dict)  # its own counters
    segments: Counts = field(default_factory=lambda: Counts(0, {}))
    _looks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_LOOKS))

    def look(self, seconds: float) -> None:
        """Notes how many events there are at this moment (monotonic seconds)."""
        self._looks.append((seconds, self.events))

    @property
    def rate(self) -> float:
        """Events a second of late."""
        if len(self._looks) < 2:
            return 0.0
        (then, before), (now, events) = self._looks[0], self._looks[-1]
        return (events - before) / (now - then) if now > then else 0.0

    @property
    def lag(self) -> int:
        """Events sent that the worker has not applied, by its own account."""
        return int(self.worker.get("lag", 0))

    def summary(self, seconds: float) -> dict[str, Any]:
        """One JSON object: events, changes by kind and segment, mails by campaign, dead_letters, lag."""
        kinds: dict[str, dict[str, int]] = {}
        for (kind, segment), number in sorted(self.changes.items()):
            kinds.setdefault(kind, {})[segment] = number
        return {
            "seconds": round(seconds, 1),
            "customers": self.segments.customers,
            "events": self.events,
            "changes": kinds,
            "mails": dict(sorted(self.mails.items())),
            "not_sent": dict(sorted(self.not_sent.items())),
            "dead_letters": self.dead_letters,
            "lag": self.lag,
        }
