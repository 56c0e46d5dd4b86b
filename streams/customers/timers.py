"""Deadlines of a partition's customers: a lazy timer wheel of two levels.

A customer is armed at (a lower bound of) its next deadline and not moved when that falls later: the entry is looked at
when its turn comes and armed anew. So an event costs nothing here unless it brings the deadline forward.
"""

from __future__ import annotations

from collections.abc import Callable

from scoring.state import NEVER

#: Milliseconds a bucket of the fine level spans: how late a deadline may fire by the wheel alone.
BUCKET = 100
#: Buckets of the fine level in one of the coarse level (a minute), where far deadlines wait in bulk.
SPAN = 600
#: Entries one call looks at: some 10 ms where a million customers are in no cache.
LOOKS = 5_000


class Wheel:
    """Keys by due time (ms). `fired`: every deadline before this instant has been taken. `reached`: up to this instant those who were
    taken newest may fire; of those who were left, nobody has a deadline in an earlier bucket."""

    __slots__ = ("_coarse", "_fine", "_horizon", "_next", "reached")

    def __init__(self, start: int = 0) -> None:
        self._next = start // BUCKET  # first fine bucket not taken yet
        self._horizon = self._next // SPAN + 1  # first coarse bucket not spread over the fine level
        self._fine: dict[int, list[bytes]] = {}
        self._coarse: dict[int, list[bytes]] = {}
        self.reached = self.fired - 1

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

    def take(self, until: int, due_of: Callable[[bytes], int], limit: int) -> set[bytes]:
        """Customers with a deadline in buckets that end at or before `until`, at most `limit` of them.

        Whoever is taken must be armed again by the caller. Entries whose customer is due later are put back here.
        `fired` then says how far it came: as much is done as takes a moment, the rest is for the next call.
        """
        end = (until + 1) // BUCKET  # buckets before it are over
        taken: set[bytes] = set()
        left = LOOKS
        while self._next < end and len(taken) < limit and left > 0:
            if self._horizon <= self._next // SPAN:
                left -= self._spread(due_of, left)
                continue
            stop = min(end, self._horizon * SPAN)
            bucket = self._first(stop)
            if bucket is None:
                self._next = stop
                self._skip(end)
                continue
            left -= self._take_bucket(bucket, due_of, min(left, limit - len(taken)), taken)
            if self.reached >= self.fired:  # that bucket was too full to be taken whole
                return taken
        self.reached = self.fired - 1
        return taken

    def _take_bucket(self, bucket: int, due_of: Callable[[bytes], int], limit: int, taken: set[bytes]) -> int:
        """Looks at up to `limit` entries of a bucket; how many it were."""
        keys = self._fine.pop(bucket)
        self._next = bucket + 1
        over = (bucket + 1) * BUCKET
        if len(keys) > limit:
            self._fine[bucket] = keys[limit:]
            self._next = bucket
            del keys[limit:]
            self.reached = over - 1
        for key in keys:
            due = due_of(key)
            if due < over:
                taken.add(key)
            elif key not in taken:
                self.arm(key, due)
        return len(keys)

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

    def _spread(self, due_of: Callable[[bytes], int], limit: int) -> int:
        """Brings the coarse bucket that begins next into the fine level, up to `limit` entries of it; how many it were."""
        coarse = self._horizon
        keys = self._coarse.pop(coarse, [])
        rest = keys[limit:]
        del keys[limit:]
        self._horizon += 1  # or they would be put back where they come from
        for key in set(keys):
            self.arm(key, due_of(key))
        if rest:
            self._horizon = coarse
            self._coarse[coarse] = rest
        return len(keys)
