"""Taking a partition over: changelog read, checked and put right, open outputs published, timers armed; then it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from scoring.engine import Engine
from scoring.events.schema import IDENTITIES
from scoring.merge.handover import HANDED
from scoring.state import NEVER
from streams.clock import monotonic, now_ms
from streams.customers import changelog, outbox
from streams.customers.alignment import Alignment
from streams.customers.changelog import ERASED, ERASURE_KEY, META, TOPICS, Meta, TopicIds, layout_key
from streams.customers.counters import Detail
from streams.customers.delivery import Delivery
from streams.customers.draft import Batch, Batches, MakeBatch
from streams.customers.erased import Erased
from streams.customers.evaluate import unreadable
from streams.customers.faults import point
from streams.customers.handing import Handing
from streams.customers.migration import Migration
from streams.customers.partition import Delivered, Partition
from streams.customers.reading import restore
from streams.customers.recovery import Restored, check_topics
from streams.customers.timers import Wheel
from streams.customers.watermark import Watermark
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings

#: Customers looked at before the loop gets its turn again.
PORTION = 5_000
#: Bits of a sequence below the epoch: flushes of one worker.
FLUSH_BITS = 32

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Takeover:
    """`first` gives the positions to start from where the changelog has none (partition, of how many topics it has some); `confirm` returns
    when a heartbeat was answered."""

    settings: Settings
    names: Names
    engine: Engine
    migration: Migration
    delivery: Delivery
    topics: TopicIds
    make_batch: MakeBatch
    first: Callable[[int, int], Awaitable[list[int]]]
    confirm: Callable[[], Awaitable[None]]
    detail: Detail

    async def take(self, partition: Partition, generation: int) -> None:
        """Leaves the partition ready to be fetched from `partition.alignment.position` on. Raises Fatal, KafkaError."""
        began = monotonic()
        try:
            restored = await restore(self.settings, self.names.changelog, partition.number, self.detail.recovering)
        finally:
            self.detail.recovering.pop(partition.number, None)
        point("restored")
        if restored.topics is not None:
            check_topics(restored.topics, self.topics, self.names.changelog, self.names.inputs[IDENTITIES:], {self.names.news})
        for fingerprint, layout in restored.layouts.items():
            self.migration.learn(fingerprint, layout)
        # Until now the partition might have been another worker's without our knowing.
        await self.confirm()
        meta = restored.meta or Meta(0, 0, [])
        topics = len(self.names.inputs)
        del meta.positions[topics:]  # of news, where nobody wants it any more
        if len(meta.positions) < topics:
            meta.positions += await self.first(partition.number, len(meta.positions))
        partition.epoch = max(restored.epoch + 1, generation)
        partition.sequence = partition.promised = partition.epoch << FLUSH_BITS
        partition.states, partition.outdated = restored.states, []
        partition.erased = Erased.restored(self.settings.erasure_key, restored.erasure_key, restored.marks)
        partition.expected = restored.end
        partition.alignment = Alignment(meta.positions, self.detail.taken)
        partition.watermark = Watermark(self.settings.grace, meta.fired, topics)
        partition.wheel = Wheel(meta.fired)
        open_ = await self._arm(partition, meta.confirmed)
        partition.in_flight += 1
        try:
            await self.delivery.send(partition, self.names.changelog, self._opening(partition, restored, meta))
            point("opened")
            published = await self._publish(partition, open_, meta.confirmed)
            point("published")
        finally:
            partition.in_flight -= 1
        partition.delivered = Delivered(partition.sequence, meta.fired, meta.positions)
        partition.members.begin(partition.states)
        partition.members.count(partition.states, self.migration.layout)
        self.detail.recovered += restored.records
        self.detail.recoveries.add(monotonic() - began)
        log.info(
            "partition taken over",
            partition=partition.number,
            customers=len(partition.states),
            records=restored.records,
            seconds=round(monotonic() - began, 2),
            epoch=partition.epoch,
            ignored=restored.ignored,
            published=published,
            outdated=len(partition.outdated),
        )

    async def _arm(self, partition: Partition, confirmed: int) -> list[tuple[int, bytes]]:
        """Timers and what is outdated, from the headers alone; returns (newest sequence, customer) of open outboxes."""
        open_ = []
        wheel, current, header, states = partition.wheel, self.migration.current, changelog.header, partition.states
        for portion in _portions(partition.states):
            for key in portion:
                due, newest, fingerprint = header(states[key])
                if due < NEVER:
                    wheel.arm(key, due)
                if newest > confirmed:
                    open_.append((newest, key))
                elif newest:
                    states[key] = changelog.without_outbox(states[key])
                if fingerprint != current:
                    self.migration.engine(fingerprint)  # refuses to go on with states nobody can read
                    partition.outdated.append(key)
            await asyncio.sleep(0)
        return open_

    def _opening(self, partition: Partition, restored: Restored, meta: Meta) -> list[Batch]:
        """Our epoch before anything else; then what a former worker's late records would hide from compaction."""
        batches = Batches(self.make_batch)
        epoch, add = partition.epoch, batches.add
        add(META, changelog.own(epoch, meta), [])
        add(TOPICS, changelog.own(epoch, self.topics), [])
        if self.engine.fingerprint not in restored.layouts:
            add(layout_key(self.engine.fingerprint), changelog.own(epoch, self.engine.layout()), [])
        for key in restored.hidden:
            if key < changelog.RESERVED:
                kept = partition.states.get(key)
                if kept is None:
                    add(key, None, changelog.tombstone(epoch))
                else:
                    partition.states[key] = changelog.with_epoch(kept, epoch)
                    add(key, partition.states[key], [])
            elif key == ERASURE_KEY or key.startswith(ERASED):
                body = partition.erased.body(key)
                if body is None:
                    add(key, None, changelog.tombstone(epoch))
                else:
                    add(key, changelog.own(epoch, body), [])
        for fingerprint, layout in restored.layouts.items():
            if layout_key(fingerprint) in restored.hidden:
                add(layout_key(fingerprint), changelog.own(epoch, layout), [])
        return batches.filled

    async def _publish(self, partition: Partition, open_: list[tuple[int, bytes]], confirmed: int) -> int:
        """Outputs whose acknowledgement nobody has noted; some may be there twice then, with the same ids."""
        found: list[tuple[int, bytes, outbox.Entry, Engine]] = []
        for _, key in open_:
            stored = partition.states[key]
            engine = self.migration.engine(changelog.header(stored)[2])
            found += [(sequence, key, entry, engine) for sequence, entry in _outbox(key, stored) if sequence > confirmed]
        # As the flushes would have sent them; what is handed over, in the order it was said.
        found.sort(key=lambda each: (each[0], each[2][outbox.AT] if each[2][0] < HANDED else 0))
        outputs: dict[str, Batches] = {}
        handing = Handing(self.settings.partitions, self.make_batch)
        now = now_ms()
        for _, key, entry, engine in found:
            if entry[0] >= HANDED:
                handing.add(key, entry)
                continue
            for topic, owner, value, headers in outbox.records([(entry[outbox.AT], key, entry)], self._renderer(engine, entry).render, now):
                outputs.setdefault(self.names.prefix + topic, Batches(self.make_batch)).add(owner, value, headers)
        if handing.departures is not None:
            outputs[self.names.departures] = handing.departures
        for topic, batches in outputs.items():
            await self.delivery.send(partition, topic, batches.filled)
        for number, handed in handing.filled().items():
            await self.delivery.send(partition, self.names.handovers, handed, number=number)
        for _, key in open_:
            partition.states[key] = changelog.without_outbox(partition.states[key])
        return len(found)

    def _renderer(self, older: Engine, entry: outbox.Entry) -> Engine:
        """A change is told with the definitions it was made under; messages are known to the campaigns of now alone."""
        return older if entry[0] == 0 else self.engine


def _outbox(key: bytes, stored: bytes) -> list[list[Any]]:
    try:
        return changelog.outbox_of(stored)
    except changelog.Unreadable as error:
        raise unreadable(key, error) from error


def _portions(states: dict[bytes, bytes]) -> Iterator[list[bytes]]:
    keys = list(states)
    for start in range(0, len(keys), PORTION):
        yield keys[start : start + PORTION]
