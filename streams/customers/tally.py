"""What flushes put out, counted in bulk about once a second: a change costs less than half a microsecond then.

A flush only leaves its list of changes and messages here. Everybody who wants figures calls `fold` before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from scoring.engine.changes import DEADLINE, UNDEFINED
from scoring.engine.steps import Entry
from streams.customers.counters import Counters, Turn
from streams.customers.histogram import Histogram
from streams.customers.members import Members

#: Entries each with its instant (ms) and customer.
Said = list[tuple[int, bytes, Entry]]

#: Entries that may wait to be counted: some 5 ms of work.
MOST = 10_000

_entry = itemgetter(2)
#: Of a change: 0, index, kind, from, to, cause. Of a message: 1, campaign, step, decision, reason, episode.
_cell = itemgetter(0, 1, 2, 3, 4, 6)


class Tallies:
    """Of all flushes of this worker."""

    __slots__ = ("_counters", "_delivered", "_made", "_waiting")

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._made: dict[Members, tuple[Sequence[str], Said]] = {}
        self._delivered: list[tuple[int, Said]] = []
        self._waiting = 0

    def made(self, members: Members, segments: Sequence[str], said: Said) -> None:
        """A flush was made; what it says has changed the states. `segments`: names by index."""
        if said:
            self._made.setdefault(members, (segments, []))[1].extend(said)
            self._waiting += len(said)
            if self._waiting > MOST:
                self.fold()

    def delivered(self, said: Said, seconds: float, customers: int, now: int) -> None:
        """The broker has a flush, `seconds` after it was begun. `now`: wall time in ms."""
        self._counters.detail.flush_seconds.add(seconds)
        self._counters.detail.flush_customers.add(customers)
        if said:
            self._delivered.append((now, said))
            self._waiting += len(said)
            if self._waiting > MOST:
                self.fold()

    def fold(self) -> None:
        """Counts what waits."""
        made, self._made = self._made, {}
        for members, (segments, said) in made.items():
            self._count(members, segments, said)
        self._age()
        self._waiting = 0

    def _count(self, members: Members, segments: Sequence[str], said: Said) -> None:
        turns: dict[Turn, int] = {}
        decided = self._counters.detail.decided
        whole = members.whole
        for (form, index, kind, come_from, to, cause), number in Counter(map(_cell, map(_entry, said))).items():
            if form:
                decision = index, come_from, to
                decided[decision] = decided.get(decision, 0) + number
            elif index != UNDEFINED:
                turns[segments[index], kind, come_from, to, cause] = number
            else:
                whole = False  # its name stands elsewhere: one by one
        if whole:
            members.turned(turns)
        else:
            turns = self._one_by_one(members, segments, said)
        totals = self._counters.detail.turns
        for turn, number in turns.items():
            totals[turn] = totals.get(turn, 0) + number

    def _one_by_one(self, members: Members, segments: Sequence[str], said: Said) -> dict[Turn, int]:
        turns: Counter[Turn] = Counter()
        for _, key, entry in said:
            if not entry[0]:
                _, index, kind, come_from, to, _, cause = entry[:7]
                turn = entry[8][0] if index == UNDEFINED else segments[index], kind, come_from, to, cause
                turns[turn] += 1
                if not members.whole:
                    members.turned_later(key, turn)
        if members.whole:
            members.turned(turns)
        return turns

    def _age(self) -> None:
        """How old changes were when the broker had them."""
        ages: tuple[list[int], list[int]] = [], []
        delivered, self._delivered = self._delivered, []
        for now, said in delivered:
            for at, _, entry in said:
                if not entry[0] and entry[6] <= DEADLINE:
                    ages[entry[6]].append(now - at)
        for histogram, found in zip(self._counters.detail.latency, ages, strict=True):
            if found:
                _add_all(histogram, found)


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
