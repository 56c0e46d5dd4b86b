"""A flush in the making: states go into changelog records one by one, what the engine put out becomes records in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Protocol

from scoring.engine import Engine
from scoring.engine.steps import Entry
from scoring.merge.handover import HANDED
from scoring.state import Customer, encode
from streams.customers import changelog, outbox
from streams.customers.changelog import COMPRESSED, FORMAT, HEADER, META, Meta
from streams.customers.compression import LARGE, compress
from streams.customers.outbox import Output, Said
from streams.customers.partition import Delivered, Partition

#: Customers encoded together: few enough to be in the processor's cache still, enough for encoding to be there as well.
HELD = 32
#: Outputs rendered before others may have a turn: some 10 ms.
PORTION = 1_000

Headers = list[tuple[str, bytes]]
NO_HEADERS: Headers = []


class Batch(Protocol):
    """aiokafka's batch builder: `append` returns None when it is full."""

    def append(self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Headers = ...) -> object: ...


MakeBatch = Callable[[], Batch]


class Batches:
    """Records for one topic, in as many batches as they need. `make` gives an empty one."""

    __slots__ = ("_make", "_open", "filled")

    def __init__(self, make: MakeBatch) -> None:
        self._make = make
        self._open = make()
        self.filled: list[Batch] = [self._open]

    def add(self, key: bytes | None, value: bytes | None, headers: Headers = NO_HEADERS) -> None:
        if self._open.append(timestamp=None, key=key, value=value, headers=headers) is None:
            self._open = self._make()
            self.filled.append(self._open)
            self._open.append(timestamp=None, key=key, value=value, headers=headers)


def mark(batches: Batches, epoch: int, delivered: Delivered) -> None:
    """Adds the position record: it speaks of what was delivered before this flush, whatever becomes of this one."""
    batches.add(META, changelog.own(epoch, Meta(delivered.confirmed, delivered.fired, delivered.positions)))


class Draft:
    """One flush of `partition` by `engine` at `now` (wall time, ms). `sequence` is what its outputs stand under in the outboxes,
    `customers` how many were put in it, `marked` what its position record says.
    """

    def __init__(self, partition: Partition, engine: Engine, now: int, make: MakeBatch) -> None:
        self.customers = 0
        self.sequence = partition.sequence + 1
        self.batches = Batches(make)
        self.marked = partition.delivered
        mark(self.batches, partition.epoch, self.marked)
        #: What earlier flushes put out, of those that are wholly at the broker now: to be forgotten.
        self.confirmed = outbox.confirmed(partition.open, self.marked.confirmed)
        self._earlier = [put_out for _, put_out in partition.open]
        self._open = partition.open
        self._put_out: dict[bytes, list[Entry]] = {}
        self._add, self._states, self._arm = self.batches.add, partition.states, partition.wheel.arm
        self._epoch, self._fingerprint, self._render, self._now = partition.epoch, engine.fingerprint, engine.render, now
        self._held: list[tuple[bytes, Customer, int, bool]] = []
        #: Changes and messages with their instant and customer; in order once `outputs` was begun.
        self.said: Said = []
        #: What is said to other customers, or of one that is a customer no more: in the order it was said.
        self.handed: list[tuple[bytes, Entry]] = []

    def put(self, key: bytes, state: Customer, armed: int, entries: list[Entry]) -> None:
        """A customer that changed; `armed`: the due time it has an entry in the wheel for."""
        self.customers += 1
        if entries:
            if not self._put_out:
                self._open.append((self.sequence, self._put_out))
            self._put_out[key] = entries
            for entry in entries:
                if entry[0] < HANDED:
                    self.said.append((entry[outbox.AT], key, entry))
                else:
                    self.handed.append((key, entry))
        self._held.append((key, state, armed, bool(entries)))
        if len(self._held) == HELD:
            self._write()

    def bury(self, key: bytes, records: list[tuple[bytes, bytes]]) -> None:
        """A forgotten customer whose last outputs are at the broker: `records` come before the tombstone."""
        self.customers += 1
        for name, body in records:
            self._add(name, changelog.own(self._epoch, body))
        self._add(key, None, changelog.tombstone(self._epoch))
        del self._states[key]

    def _write(self) -> None:
        pack, states, arm, add, epoch, fingerprint = HEADER.pack, self._states, self._arm, self._add, self._epoch, self._fingerprint
        earlier = self._earlier
        for key, state, armed, speaks in self._held:
            due = state.due
            state.due = state.definitions = 0  # they stand in the header
            body, form = encode(state), FORMAT
            if len(body) >= LARGE:
                body, form = compress(body), COMPRESSED
            value = states[key] = pack(form, epoch, due, 0, fingerprint) + body
            if due < armed:
                arm(key, due)
            for put_out in earlier:
                if key in put_out:
                    speaks = True
            if speaks:
                waiting = outbox.of(self._open, key)
                value = pack(form, epoch, due, waiting[-1][0], fingerprint) + body + changelog.packed(waiting)
            add(key, value)
        self._held.clear()

    def outputs(self) -> Iterator[tuple[Said, list[Output]]]:
        """What the engine put out, in portions, in order of time, and as records; a customer's own stay in the order they came in.

        Rendered here all together: in between the customers it took a fifth longer, since the processor forgets one for the other.
        """
        self._write()
        self.said.sort(key=itemgetter(0))
        for start in range(0, len(self.said), PORTION):
            said = self.said[start : start + PORTION]
            yield said, outbox.records(said, self._render, self._now)
