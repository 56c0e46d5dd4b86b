"""How far a partition's time has come: what may be applied, and which deadlines may fire.

A topic with records at the broker that we have not fetched holds everything back at the last one fetched. One that is
read to its end allows what the fetch that said so allows: nothing was there when it was *sent*. Its answer, or now,
would be too late: a stalled loop or broker must not move time.
"""

from __future__ import annotations

from scoring.events.schema import RANKS
from streams.customers.alignment import Alignment

_UNKNOWN = -1


class Watermark:
    """`time` never goes back. Instants in ms."""

    __slots__ = ("_ends", "_grace", "_sent", "time")

    def __init__(self, grace: int, start: int = 0, topics: int = RANKS) -> None:
        """`topics`: how many there are, by rank."""
        self._grace = grace
        self._ends = [_UNKNOWN] * topics
        self._sent = [_UNKNOWN] * topics
        self.time = start

    def seen(self, rank: int, end: int, sent: int) -> None:
        """A fetch sent at `sent` found the topic to end at offset `end`."""
        self._ends[rank] = end
        self._sent[rank] = sent

    def lag(self, alignment: Alignment) -> int:
        """Records at the broker that have not been fetched."""
        return sum(self.behind(alignment))

    def behind(self, alignment: Alignment) -> list[int]:
        """The same by rank."""
        return [max(0, end - position) for end, position in zip(self._ends, alignment.position, strict=True)]

    def bounds(self, alignment: Alignment) -> tuple[int, int]:
        """(events up to here may be applied, deadlines up to here may fire).

        Deadlines wait for `grace` more, for an event that was made and has not reached the broker yet.
        """
        events = deadlines = 1 << 62
        for rank, end in enumerate(self._ends):
            if end == _UNKNOWN:
                return self.time, self.time
            newest = alignment.newest[rank]
            # Another record of the same millisecond may follow, unless there is no room to wait for it.
            reached = newest - 1 if alignment.room(rank) else newest
            if alignment.position[rank] >= end:
                sent = self._sent[rank]
                events = min(events, max(newest, sent))
                deadlines = min(deadlines, max(reached, sent - self._grace))
            else:
                events = min(events, reached)
                deadlines = min(deadlines, reached)
        if deadlines > self.time:
            self.time = deadlines
        return max(events, self.time), self.time
