"""One partition number of all input topics: its customers, what waits for them, and how far its writing has come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from streams.customers import changelog, outbox
from streams.customers.alignment import Alignment
from streams.customers.erased import Erased
from streams.customers.members import Members
from streams.customers.outbox import Open
from streams.customers.timers import Wheel
from streams.customers.watermark import Watermark
from streams.deadletters import DeadLetter


@dataclass(slots=True, eq=False)
class Delivered:
    """What the newest flush that is wholly at the broker had done: the place to start again from."""

    confirmed: int
    fired: int
    positions: list[int]


@dataclass(slots=True, eq=False)
class Partition:
    """Made at assignment; usable once `ready`; `lost` for good when the partition is given up: then nothing more is sent.

    `states` holds every customer's value as in the changelog (header and state, large ones compressed) but without outputs: those wait in
    `open`.
    """

    number: int
    states: dict[bytes, bytes] = field(default_factory=dict)
    ready: bool = False
    leaving: bool = False  # about to be given up: it finishes what is on its way and begins nothing
    lost: bool = False
    epoch: int = 0
    sequence: int = 0  # of the newest flush, (epoch << 32) + its number
    promised: int = 0  # of the newest flush with outputs
    alignment: Alignment = field(default_factory=lambda: Alignment([]))
    watermark: Watermark = field(default_factory=lambda: Watermark(0))
    wheel: Wheel = field(default_factory=Wheel)
    letters: list[DeadLetter] = field(default_factory=list)
    #: What flushes that aren't wholly at the broker have put out.
    open: Open = field(default_factory=list)
    erased: Erased = field(default_factory=Erased)
    #: Customers last evaluated under other definitions, still to be taken over.
    outdated: list[bytes] = field(default_factory=list)
    members: Members = field(default_factory=Members)
    delivered: Delivered = field(default_factory=lambda: Delivered(0, 0, []))
    #: What the newest position record says, and when it was written (monotonic seconds).
    marked: Delivered | None = None
    marked_at: float = 0.0
    #: When a flush was begun last (monotonic seconds).
    flushed_at: float = 0.0
    #: The last flush left deadlines that are due.
    overdue: bool = False
    committed: list[int] = field(default_factory=list)
    in_flight: int = 0
    chain: asyncio.Task[None] | None = None
    #: The offset our next changelog record is to be given if nobody else writes there; -1: not known.
    expected: int = -1
    #: Offsets (from, up to) in which somebody else has written.
    strange: list[tuple[int, int]] = field(default_factory=list)
    #: One sender at a time: aiokafka does not keep the order of batches handed over side by side.
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    def record(self, key: bytes) -> bytes | None:
        """A customer's value as the changelog is to have it; None where there is no such customer."""
        stored = self.states.get(key)
        if stored is None:
            return None
        waiting = outbox.of(self.open, key)
        return changelog.with_outbox(stored, waiting) if waiting else changelog.with_slot(stored, 0)

    def give_up(self) -> None:
        self.ready = False
        self.lost = True
