"""What flushes put out, counted in bulk about once a second: a change costs less than half a microsecond then.

A flush only leaves its lists of changes and messages here. Everybody who wants figures calls `fold` before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from scoring.engine.changes import DEADLINE, UNDEFINED
from streams.customers.counters import Counters, Turn
from streams.customers.histogram import Histogram
from streams.customers.members import Members
from streams.customers.outbox import Said

#: A turn with its segment's index (or name, where it has none now) in place of the name.
_Cell = tuple[int | str, int, str | None, str | None, int]

#: Entries that may wait to be counted: some 5 ms of work.
MOST = 4_000


@dataclass(slots=True)
class Tally:
    """Of one flush. `instants`: those of its changes by cause, ms, once it is counted; `now`: when the broker had it, wall time in ms."""

    members: Members
    said: Said
    instants: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    now: int = 0


class Tallies:
    """Of all flushes of this worker. `segments`: names by index."""

    __slots__ = ("_counters", "_delivered", "_made", "_segments", "_waiting")

    def __init__(self, counters: Counters, segments: Sequence[str]) -> None:
        self._counters = counters
        self._segments = segments
        self._made: list[Tally] = []
        self._delivered: list[Tally] = []
        self._waiting = 0

    def begun(self, members: Members) -> Tally:
        """A flush is being made, whose changes and messages are added in portions."""
        return Tally(members, [])

    def add(self, tally: Tally, said: Said) -> None:
        """More of what a flush says; it has changed the states."""
        if not tally.said:
            self._made.append(tally)
        tally.said += said
        self._waiting += len(said)
        if self._waiting > MOST:
            self.fold()

    def delivered(self, tally: Tally, seconds: float, customers: int, now: int) -> None:
        """The broker has a flush of so many customers, `seconds` after it was begun."""
        self._counters.detail.flush_seconds.add(seconds)
        self._counters.detail.flush_customers.add(customers)
        tally.now = now
        if tally.said or any(tally.instants):
            self._delivered.append(tally)

    def fold(self) -> None:
        """Counts what waits."""
        made, self._made, self._waiting = self._made, [], 0
        cells: dict[Members, dict[_Cell, int]] = {}
        for tally in made:
            self._count(tally, cells.setdefault(tally.members, {}))
        totals = self._counters.detail.turns
        for members, found in cells.items():
            turns = {self._turn(cell): number for cell, number in found.items()}
            if members.whole:
                members.turned(turns)
            for turn, number in turns.items():
                totals[turn] = totals.get(turn, 0) + number
        self._age()

    def _count(self, tally: Tally, cells: dict[_Cell, int]) -> None:
        """One look at each entry: they are in no cache any more."""
        members, decided, (by_event, by_deadline) = tally.members, self._counters.detail.decided, tally.instants
        whole, get = members.whole, cells.get
        for at, key, entry in tally.said:
            if entry[0]:
                decision = entry[1], entry[3], entry[4]
                decided[decision] = decided.get(decision, 0) + 1
                continue
            index, cause = entry[1], entry[6]
            cell = entry[8][0] if index == UNDEFINED else index, entry[2], entry[3], entry[4], cause
            cells[cell] = get(cell, 0) + 1
            if cause < DEADLINE:
                by_event.append(at)
            elif cause == DEADLINE:
                by_deadline.append(at)
            if not whole:
                members.turned_later(key, self._turn(cell))
        tally.said = []

    def _turn(self, cell: _Cell) -> Turn:
        name = cell[0]
        return name if isinstance(name, str) else self._segments[name], cell[1], cell[2], cell[3], cell[4]

    def _age(self) -> None:
        """How old changes were when the broker had them."""
        delivered, self._delivered = self._delivered, []
        for cause, histogram in enumerate(self._counters.detail.latency):
            ages = [tally.now - at for tally in delivered for at in tally.instants[cause]]
            if ages:
                _add_all(histogram, ages)


def _add_all(histogram: Histogram, ages: list[int]) -> None:
    """Milliseconds as seconds; 0 where a clock ran ahead."""
    ages.sort()
    if ages[0] < 0:
        ages[: bisect_right(ages, 0)] = [0] * bisect_right(ages, 0)
    before = 0
    for place, bound in enumerate(histogram.bounds):
        at_most = bisect_right(ages, bound * 1000)
        histogram.buckets[place] += at_most - before
        before = at_most
    histogram.buckets[-1] += len(ages) - before
    histogram.sum += sum(ages) / 1000
