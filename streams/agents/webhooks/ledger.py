"""Which changes of a partition an endpoint has had: all before `reached`, but for those that are still open.

One change that an endpoint refuses for a day doesn't hold up the others', so what is done with has holes. They are few: of everything
else only a number is kept. As text (`reached stamp open:first open:first …`) it outlives the process: what it says was true when it was
written and stays so, so that an old one, or none, makes changes be sent again, but never lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: A record of a topic made anew has a lower offset than those known, but is newer than the last of them by more than this (ms).
_ANEW_AFTER = 60_000


@dataclass(slots=True)
class Ledger:
    """`reached`: the offset after the highest taken; `stamp`: the newest record's timestamp (ms); `open`: by offset, in order, when its
    first try was (ms), 0 before that."""

    reached: int
    stamp: int = 0
    open: dict[int, int] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """All before this offset are done with."""
        return next(iter(self.open), self.reached)

    def take(self, offset: int, stamp: int) -> bool:
        """Is this one to be sent? It is open then."""
        if offset < self.reached:
            return offset in self.open
        self.open[offset] = 0
        self.reached = offset + 1
        self.stamp = max(self.stamp, stamp)
        return True

    def done(self, offset: int) -> None:
        self.open.pop(offset, None)

    def from_here(self, offset: int, stamp: int) -> Ledger:
        """What still goes for a reader whose first record is this one."""
        if offset < self.reached and stamp > self.stamp + _ANEW_AFTER:
            return Ledger(offset)  # the topic was made anew: these are other changes
        return Ledger(max(self.reached, offset), self.stamp, {each: first for each, first in self.open.items() if each >= offset})

    def __str__(self) -> str:
        return " ".join((f"{self.reached} {self.stamp}", *(f"{offset}:{first}" for offset, first in self.open.items())))

    @classmethod
    def parse(cls, text: str) -> Ledger:
        """Raises ValueError."""
        reached, stamp, *still = text.split(" ")
        pairs = (each.split(":") for each in still)
        return cls(int(reached), int(stamp), {int(offset): int(first) for offset, first in pairs})
