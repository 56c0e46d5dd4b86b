"""One flush of a partition: what may be applied is applied, and becomes records for the changelog and the outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scoring.engine import Engine
from scoring.state import encode
from streams.customers import changelog, outbox
from streams.customers.changelog import FORMAT, HEADER, META, Meta
from streams.customers.counters import Counters
from streams.customers.evaluate import Evaluator, Work
from streams.customers.migration import Migration
from streams.customers.partition import Delivered, Partition
from streams.kafka.names import Names

#: What one flush takes on at most, so that the loop is never held up for long.
EVENTS = 3_000
FIRINGS = 2_000
MIGRATIONS = 1_000

#: Seconds after which positions are written although no customer changed.
MARK_AFTER = 0.5

Headers = list[tuple[str, bytes]]


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

    def add(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        if self._open.append(timestamp=None, key=key, value=value, headers=headers) is None:
            self._open = self._make()
            self.filled.append(self._open)
            self._open.append(timestamp=None, key=key, value=value, headers=headers)


@dataclass(slots=True)
class Flush:
    """Records to send, and what is delivered when all of them are acknowledged. `outputs` by full topic name."""

    changelog: list[Batch]
    outputs: dict[str, list[Batch]]
    delivered: Delivered


class Flusher:
    """Makes the flushes of all partitions of this worker. `make_batch` gives an empty batch of the producer."""

    def __init__(
        self, engine: Engine, evaluator: Evaluator, migration: Migration, names: Names, counters: Counters, make_batch: MakeBatch
    ) -> None:
        self._engine = engine
        self._evaluator = evaluator
        self._migration = migration
        self._names = names
        self._counters = counters
        self._make = make_batch

    def flush(self, partition: Partition, clock: float, now: int) -> Flush | None:
        """Applies what the watermark allows; None if nothing is to be written. `clock` monotonic seconds, `now` wall time in ms."""
        work = Work()
        if partition.outdated:
            self._evaluator.migrations(partition, self._migration.engine, MIGRATIONS, work)
        else:
            events, deadlines = partition.watermark.bounds(partition.alignment)
            items, until = partition.alignment.take(events, EVENTS)
            if items:
                self._evaluator.events(partition, items, work)
            self._evaluator.deadlines(partition, min(until, deadlines), FIRINGS, work)
        letters, partition.letters = partition.letters, []
        if not work.touched and not letters and not self._mark_is_due(partition, clock):
            return None
        self._counters.flushes += 1
        partition.sequence += 1
        if work.entries:
            partition.promised = partition.sequence
        entries = self._put_in_outboxes(partition, work)
        outputs: dict[str, Batches] = {}
        for topic, key, value, headers in outbox.records(entries, self._engine.render, now):
            self._count(topic)
            self._batches(outputs, self._names.prefix + topic).add(key, value, headers)
        for letter in letters:
            self._batches(outputs, self._names.dead_letters).add(letter.key, letter.value, letter.annotated())
        return Flush(
            self._changelog(partition, work, clock),
            {topic: batches.filled for topic, batches in outputs.items()},
            Delivered(partition.promised, partition.wheel.fired, partition.alignment.applied()),
        )

    def _mark_is_due(self, partition: Partition, clock: float) -> bool:
        if clock - partition.marked_at < MARK_AFTER:
            return False
        marked, delivered = partition.marked, partition.delivered
        if partition.alignment.applied() != delivered.positions:
            return True
        return marked is None or marked.confirmed != delivered.confirmed or marked.positions != delivered.positions

    def _put_in_outboxes(self, partition: Partition, work: Work) -> list[tuple[bytes, outbox.Entry]]:
        entries = list(zip(work.owners, work.entries, strict=True))
        for key, entry in entries:
            outbox.add(work.touched[key], partition.sequence, entry)
        return entries

    def note(self, partition: Partition) -> Batch:
        """A record of what is delivered, alone."""
        batches = Batches(self._make)
        self._mark(partition, batches)
        return batches.filled[0]

    def _mark(self, partition: Partition, batches: Batches) -> None:
        delivered = partition.delivered
        batches.add(META, changelog.own(partition.epoch, Meta(delivered.confirmed, delivered.fired, delivered.positions)), [])
        partition.marked = delivered

    def _changelog(self, partition: Partition, work: Work, clock: float) -> list[Batch]:
        """The position record first: it speaks of what was delivered before this flush, whatever becomes of this one."""
        batches = Batches(self._make)
        self._mark(partition, batches)
        partition.marked_at = clock
        states, armed, arm = partition.states, work.armed, partition.wheel.arm
        epoch, fingerprint, pack, add = partition.epoch, self._engine.fingerprint, HEADER.pack, batches.add
        for key, state in work.touched.items():
            due = state.due
            pending = state.outbox
            value = pack(FORMAT, epoch, due, pending[-1][0] if pending else 0, fingerprint) + encode(state)
            states[key] = value
            if due < armed[key]:
                arm(key, due)
            add(key, value, [])
        return batches.filled

    def _batches(self, outputs: dict[str, Batches], topic: str) -> Batches:
        found = outputs.get(topic)
        if found is None:
            found = outputs[topic] = Batches(self._make)
        return found

    def _count(self, topic: str) -> None:
        if topic == "messages":
            self._counters.messages += 1
        else:
            self._counters.changes += 1
