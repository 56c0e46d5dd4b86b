"""Deadlines of a partition's customers: a lazy timer wheel of two levels.

A customer is armed at (a lower bound of) its next deadline and not moved when that falls later: the entry is looked at
when its turn comes and armed anew. So an event costs nothing here unless it brings the deadline forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scoring.state import NEVER

#: Milliseconds a bucket of the fine level spans: how late a deadline may fire by the wheel alone.
BUCKET = 100
#: Buckets of the fine level in one of the coarse level (a minute), where far deadlines wait in bulk.
SPAN = 600


class Wheel:
    """Keys by due time (ms). `fired`: every deadline before this instant has been taken."""

    __slots__ = ("_coarse", "_fine", "_horizon", "_next")

    def __init__(self, start: int = 0) -> None:
        self._next = start // BUCKET  # first fine bucket not taken yet
        self._horizon = self._next // SPAN + 1  # first coarse bucket not spread over the fine level
        self._fine: dict[int, list[bytes]] = {}
        self._coarse: dict[int, list[bytes]] = {}

    @property
    def fired(self) -> int:
        return self._next * BUCKET

    def __len__(self) -> int:
        """Entries, of which a customer may have more than one."""
        return sum(map(len, self._fine.values())) + sum(map(len, self._coarse.values()))

    def arm(self, key: bytes, due: int) -> None:
        if due >= NEVER:
            return
        bucket = due // BUCKET
        if bucket < self._next:
            bucket = self._next
        coarse = bucket // SPAN
        level, at = (self._fine, bucket) if coarse < self._horizon else (self._coarse, coarse)
        keys = level.get(at)
        if keys is None:
            level[at] = [key]
        else:
            keys.append(key)

    def arm_all(self, entries: Iterable[tuple[bytes, int]]) -> None:
        for key, due in entries:
            self.arm(key, due)

    def take(self, until: int, due_of: Callable[[bytes], int], limit: int) -> set[bytes]:
        """Customers with a deadline in buckets that end at or before `until`, up to about `limit` of them.

        Whoever is taken must be armed again by the caller. Entries whose customer is due later are put back here.
        `fired` then says how far it came.
        """
        end = (until + 1) // BUCKET  # buckets before it are over
        taken: set[bytes] = set()
        while self._next < end and len(taken) < limit:
            self._spread(due_of)
            stop = min(end, self._horizon * SPAN)
            bucket = self._first(stop)
            self._next = stop if bucket is None else bucket + 1
            if bucket is None:
                self._skip(end)
                continue
            over = self._next * BUCKET
            for key in set(self._fine.pop(bucket)):
                due = due_of(key)
                if due < over:
                    taken.add(key)
                else:
                    self.arm(key, due)
        return taken

    def _first(self, stop: int) -> int | None:
        """The first fine bucket with entries before `stop`."""
        fine = self._fine
        if len(fine) < stop - self._next:
            first = min(fine, default=stop)
            return first if first < stop else None
        return next((bucket for bucket in range(self._next, stop) if bucket in fine), None)

    def _skip(self, end: int) -> None:
        """A long stretch without deadlines is not walked minute by minute."""
        if self._fine or self._next < self._horizon * SPAN:
            return
        first = min(self._coarse, default=None)
        goal = end if first is None else min(end, first * SPAN)
        if goal > self._next:
            self._next = goal
            self._horizon = max(self._horizon, goal // SPAN)

    def _spread(self, due_of: Callable[[bytes], int]) -> None:
        """Bring the coarse bucket that begins next into the fine level."""
        while self._horizon <= self._next // SPAN:
            keys = self._coarse.pop(self._horizon, None)
            self._horizon += 1
            for key in set(keys or ()):
                self.arm(key, due_of(key))
