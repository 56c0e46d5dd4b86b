"""What the worker counts; read by its log line, its health and metrics pages, the demo and tests.

Plain numbers, lists and dicts, counted by fetch or by flush: the hot path pays for no metrics library. streams/metrics makes series of
them when somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from scoring.events.schema import RANKS
from streams.customers.histogram import Histogram

#: What an event may come to besides being applied.
ASIDE = ("repeats", "replayed", "sent_on", "dropped", "refused")

#: segment, kind, tiers from and to (None where there is none), cause; kind and cause by their numbers in scoring/engine/changes.py
Turn = tuple[str, int, str | None, str | None, int]
#: campaign, decision, reason
Decided = tuple[str, str, str]


def _ranks() -> list[int]:
    return [0] * RANKS


def _latency() -> Histogram:
    return Histogram(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)


@dataclass(slots=True)
class Detail:
    """The totals apart: by topic rank, segment, campaign. As many as the definitions ask for, however many customers there are."""

    taken: list[int] = field(default_factory=_ranks)  # events taken up, whatever they came to
    aside: dict[str, list[int]] = field(default_factory=lambda: {name: _ranks() for name in ASIDE})
    letters: dict[tuple[int, str], int] = field(default_factory=dict)  # (rank, error)
    turns: dict[Turn, int] = field(default_factory=dict)
    decided: dict[Decided, int] = field(default_factory=dict)
    #: Seconds from a change's instant until the broker has it, by cause: an event, a deadline.
    latency: tuple[Histogram, Histogram] = field(default_factory=lambda: (_latency(), _latency()))
    #: From beginning a flush until the broker has all of it, and customers in it.
    flush_seconds: Histogram = field(default_factory=lambda: Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0))
    flush_customers: Histogram = field(default_factory=lambda: Histogram(1, 3, 10, 30, 100, 300, 1_000, 3_000, 12_000))
    #: How long the loop did nothing else.
    pauses: Histogram = field(default_factory=lambda: Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0))
    recoveries: Histogram = field(default_factory=lambda: Histogram(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0))
    #: Of partitions being taken over: (offset reached in the changelog, its end), -1 where not known yet.
    recovering: dict[int, tuple[int, int]] = field(default_factory=dict)
    recovered: int = 0  # changelog records read
    rebalances: int = 0
    expelled: int = 0  # times the group went on without us


@dataclass(slots=True)
class Counters:
    """Totals since the start, and gauges of this moment (lag, watermark delay in ms, customers). `detail` has them apart."""

    events: int = 0  # applied
    repeats: int = 0  # of an event id, not applied
    replayed: int = 0  # at or below the offset already applied, skipped
    dead_letters: int = 0
    changes: int = 0
    messages: int = 0
    sent_on: int = 0  # events of an id that was joined to another
    dropped: int = 0  # events of a forgotten customer
    refused: int = 0  # ids that could not be joined: they belong to another already
    fired: int = 0  # customers whose deadline changed something
    quiet: int = 0  # customers whose deadline changed nothing
    migrated: int = 0  # customers taken over from other definitions
    flushes: int = 0
    partitions: int = 0
    customers: int = 0
    lag: int = 0
    watermark_delay: int = 0
    longest_pause: int = 0
    detail: Detail = field(default_factory=Detail, repr=False, compare=False)

    def aside(self, name: str, rank: int) -> None:
        """An event came to this, one of ASIDE."""
        setattr(self, name, getattr(self, name) + 1)
        self.detail.aside[name][rank] += 1

    def letter(self, rank: int, error: str) -> None:
        """A record becomes a dead letter."""
        self.dead_letters += 1
        letters = self.detail.letters
        letters[rank, error] = letters.get((rank, error), 0) + 1

    def as_dict(self) -> dict[str, int]:
        """Totals and gauges by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "detail"}
