"""The changes topic from its beginning, for those who take in all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from scoring.events.invalid import Invalid
from streams.agents.live_view import change_of
from streams.kafka import clients
from streams.kafka.errors import Misconfigured
from streams.kafka.names import Names
from streams.sinks.live_view import Change

if TYPE_CHECKING:
    from streams.settings import Settings

#: Called with how many changes were read, and how many there are.
Progress = Callable[[int, int], None]

#: Records taken at once.
RECORDS = 2_000


class Changes:
    """`gone`: changes that retention has deleted. Sources are named as the live view names them, `<topic>/<partition>`."""

    def __init__(self, consumer: AIOKafkaConsumer, tps: list[TopicPartition], beginnings: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._tps = tps
        self._beginnings = beginnings
        self.gone = sum(beginnings.values())
        self.read = 0

    async def up_to_now(self, progress: Progress) -> AsyncIterator[tuple[str, list[Change]]]:
        """What there is and was not given before, by source in order. Records that are no changes are left out, as the view leaves them."""
        ends = await self.ends()
        while any([await self._consumer.position(tp) < ends[tp] for tp in self._tps]):
            fetched = await self._consumer.getmany(timeout_ms=1_000, max_records=RECORDS)
            for tp, records in fetched.items():
                self.read += len(records)
                yield source_of(tp), _changes(records)
            progress(self.read, max(self.read, sum(ends[tp] - self._beginnings[tp] for tp in self._tps)))

    async def ends(self) -> dict[TopicPartition, int]:
        found: dict[TopicPartition, int] = await self._consumer.end_offsets(self._tps)
        return found

    async def end_of(self, source: str) -> int | None:
        """The offset the source's next change will have; None for a source that is not of this topic."""
        return {source_of(tp): end for tp, end in (await self.ends()).items()}.get(source)


def source_of(tp: TopicPartition) -> str:
    return f"{tp.topic}/{tp.partition}"


@asynccontextmanager
async def changes(settings: Settings) -> AsyncIterator[Changes]:
    """Raises KafkaError, Misconfigured."""
    name = Names(settings.app_id, settings.topic_prefix).changes
    consumer = clients.consumer(settings, auto_offset_reset="none")
    await consumer.start()
    try:
        if name not in await consumer.topics():
            raise Misconfigured(f"there is no topic {name} at {settings.broker}; see to the settings broker and topic_prefix")
        tps = [TopicPartition(name, number) for number in range(settings.partitions)]
        consumer.assign(tps)
        beginnings = await consumer.beginning_offsets(tps)
        for tp in tps:
            consumer.seek(tp, beginnings[tp])
        yield Changes(consumer, tps, beginnings)
    finally:
        await consumer.stop()


def _changes(records: list[Any]) -> list[Change]:
    found = []
    for record in records:
        try:
            found.append(change_of(record.value, record.offset, record.timestamp))
        except (msgspec.DecodeError, Invalid, ValueError):
            continue
    return found
