"""How many of a partition's customers are in each segment and tier.

Kept up by the changes that flushes put out. After a takeover it is counted from the states, a portion at a time, since a million of them
take seconds to decode: meanwhile changes are kept by customer, and those of customers not yet counted are found in their states.
By name, not by place: definitions may be other ones than those a customer was judged under.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from scoring.engine.telling import KINDS
from scoring.expressions.code import Layout
from scoring.state import decode
from streams.customers.changelog import body, header
from streams.customers.counters import Turn

#: Segment and tier; "" for simple segments.
Cell = tuple[str, str]

#: States decoded before others may have a turn: some 5 ms.
PORTION = 2_000

_ENTERED, _EXITED, _ = range(len(KINDS))


class Members:
    """`counts` are right once `whole`."""

    __slots__ = ("_later", "_left", "counts")

    def __init__(self) -> None:
        self.counts: dict[Cell, int] = {}
        self._left: list[bytes] = []
        self._later: dict[bytes, list[Turn]] = {}

    @property
    def whole(self) -> bool:
        return not self._left

    def begin(self, keys: Iterable[bytes]) -> None:
        """These customers are to be counted."""
        self.counts, self._left, self._later = {}, list(keys), {}

    def count(self, states: dict[bytes, bytes], layout: Callable[[int], Layout]) -> None:
        """Counts a portion of those left. `layout` gives that of the definitions with a fingerprint. Not within a flush: what it has
        done to the states must have been told to `turned`."""
        portion, self._left = self._left[-PORTION:], self._left[:-PORTION]
        found: Counter[tuple[int, int]] = Counter()
        for key in portion:
            self._later.pop(key, None)
            stored = states.get(key)
            if stored is None:
                continue
            try:
                members = decode(body(stored)).members
            except ValueError:
                continue  # the next event or deadline of this customer stops the worker, with words
            assert isinstance(members, int)
            found[header(stored)[2], members] += 1
        for (fingerprint, members), customers in found.items():
            for cell in _cells(layout(fingerprint), members):
                self._add(cell, customers)
        if self.whole:
            for turns in self._later.values():
                for turn in turns:
                    self._turn(turn, 1)
            self._later = {}

    def turned(self, turns: dict[Turn, int]) -> None:
        """Changes of a flush. Only while `whole`."""
        for turn, number in turns.items():
            self._turn(turn, number)

    def turned_later(self, key: bytes, turn: Turn) -> None:
        """The same while it isn't."""
        self._later.setdefault(key, []).append(turn)

    def _turn(self, turn: Turn, number: int) -> None:
        segment, kind, come_from, to, _ = turn
        if kind == _ENTERED:
            self._add((segment, ""), number)
        elif kind == _EXITED:
            self._add((segment, ""), -number)
        else:
            if come_from is not None:
                self._add((segment, come_from), -number)
            if to is not None:
                self._add((segment, to), number)

    def _add(self, cell: Cell, number: int) -> None:
        self.counts[cell] = self.counts.get(cell, 0) + number


def _cells(layout: Layout, members: int) -> Iterator[Cell]:
    for segment, bit in layout.segments.items():
        if members & bit:
            yield segment, ""
    for group, tiers in layout.tiers.items():
        for tier, bit in tiers.items():
            if members & bit:
                yield group, tier
                break
