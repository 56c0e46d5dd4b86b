"""One flush of a partition: what may be applied is applied, and becomes records for the changelog and the outputs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from scoring.campaigns.render import TOPIC as MESSAGES
from scoring.engine import Engine
from scoring.engine.changes import TOPIC as CHANGES
from streams.customers import outbox
from streams.customers.counters import Counters
from streams.customers.draft import Batch, Batches, Draft, MakeBatch, mark
from streams.customers.evaluate import Evaluator
from streams.customers.handing import Handing
from streams.customers.migration import Migration
from streams.customers.partition import Delivered, Partition
from streams.customers.tally import Tallies, Tally
from streams.kafka.names import Names

#: What one flush takes on at most, beside events.
FIRINGS = 5_000
#: Portions of customers taken over from other definitions.
MIGRATIONS = 4

#: Records yet to be fetched from which on a partition is far behind.
BEHIND = 8_000
#: Seconds for which a partition far behind may gather events for a flush: others have their flushes meanwhile.
GATHERED = 10.0
#: Milliseconds by which deadlines may be behind the events for that.
OVERDUE = 1_000

#: Seconds after which positions are written although no customer changed.
MARK_AFTER = 0.5


@dataclass(slots=True)
class Flush:
    """Records to send, and what is delivered when all of them are acknowledged. `outputs` by full topic name; `handovers` by the partition
    of the topic on which customers hand over to each other."""

    changelog: list[Batch]
    outputs: dict[str, list[Batch]]
    delivered: Delivered
    handovers: dict[int, list[Batch]] = field(default_factory=dict)
    tally: Tally | None = None
    began: float = 0.0  # monotonic seconds
    customers: int = 0


class Flusher:
    """Makes the flushes of all partitions of this worker. `make_batch` gives an empty batch of the producer."""

    def __init__(
        self, engine: Engine, evaluator: Evaluator, migration: Migration, names: Names, counters: Counters, make_batch: MakeBatch,
        partitions: int = 1, tallies: Tallies | None = None,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._evaluator = evaluator
        self._migration = migration
        self._names = names
        self._counters = counters
        self._make = make_batch
        self._partitions = partitions
        self.tallies = tallies or Tallies(counters, [each.name for each in engine.definitions.segments])

    def flush(self, partition: Partition, clock: float, now: int) -> Flush | None:
        """All of `making` at once."""
        making = self.making(partition, clock, now)
        while True:
            try:
                next(making)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def making(self, partition: Partition, clock: float, now: int) -> Generator[None, None, Flush | None]:
        """Applies what the watermark allows; returns None if nothing is to be written. `clock` monotonic seconds, `now` wall time in ms.

        Yields now and then, so that others may have a turn. Whoever finds the partition given up meanwhile lets the rest be: what was
        done is in its memory alone.
        """
        partition.flushed_at = clock
        draft = Draft(partition, self._engine, now, self._make)
        yield from outbox.forgotten(draft.confirmed)
        if partition.outdated:
            for _ in range(MIGRATIONS):
                self._evaluator.migrations(partition, self._migration.engine, draft)
                yield
        else:
            events, deadlines = partition.watermark.bounds(partition.alignment)
            items, until = yield from partition.alignment.taking(events, partition.alignment.capacity)
            yield
            until = min(until, deadlines)
            yield from self._evaluator.run(partition, items, until, FIRINGS, draft)
            partition.overdue = partition.wheel.fired < until - OVERDUE
        letters, partition.letters = partition.letters, []
        if not draft.customers and not letters and not self._mark_is_due(partition, clock):
            return None
        self._counters.flushes += 1
        partition.sequence = draft.sequence
        partition.marked, partition.marked_at = draft.marked, clock
        outputs: dict[str, Batches] = {}
        adds: dict[str, Callable[..., None]] = {}
        tally = self.tallies.begun(partition.members)
        for said, portion in draft.outputs():
            partition.promised = partition.sequence
            for topic, key, value, headers in portion:
                add = adds.get(topic)
                if add is None:
                    add = adds[topic] = self._batches(outputs, self._names.prefix + topic).add
                add(key, value, headers)
            topics = [topic for topic, *_ in portion]
            self._counters.messages += topics.count(MESSAGES)
            self._counters.changes += topics.count(CHANGES)
            self.tallies.add(tally, said)
            yield
        handing = Handing(self._partitions, self._make)
        if draft.handed:
            partition.promised = partition.sequence
            for key, entry in draft.handed:
                handing.add(key, entry)
            if handing.departures is not None:
                outputs[self._names.departures] = handing.departures
        for letter in letters:
            self._batches(outputs, self._names.dead_letters).add(letter.key, letter.value, letter.annotated())
        return Flush(
            draft.batches.filled,
            {topic: batches.filled for topic, batches in outputs.items()},
            Delivered(partition.promised, partition.wheel.fired, partition.alignment.applied()),
            handing.filled(),
            tally,
            clock,
            draft.customers,
        )

    def _mark_is_due(self, partition: Partition, clock: float) -> bool:
        if clock - partition.marked_at < MARK_AFTER:
            return False
        marked, delivered = partition.marked, partition.delivered
        if partition.alignment.applied() != delivered.positions:
            return True
        return marked is None or marked.confirmed != delivered.confirmed or marked.positions != delivered.positions

    def note(self, partition: Partition) -> Batch:
        """A record of what is delivered, alone."""
        batches = Batches(self._make)
        mark(batches, partition.epoch, partition.delivered)
        partition.marked = partition.delivered
        return batches.filled[0]

    def _batches(self, outputs: dict[str, Batches], topic: str) -> Batches:
        found = outputs.get(topic)
        if found is None:
            found = outputs[topic] = Batches(self._make)
        return found


def gathers(partition: Partition, clock: float) -> bool:
    """Whether to wait for more, at monotonic seconds `clock`: a partition far behind gets there sooner by larger flushes, one that is up
    to date never waits."""
    if partition.overdue or clock - partition.flushed_at > GATHERED:
        return False
    alignment, watermark = partition.alignment, partition.watermark
    return watermark.lag(alignment) > BEHIND and alignment.ready(watermark.bounds(alignment)[0]) < alignment.capacity
