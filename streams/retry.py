"""Dead letters looked at, and sent again to where they came from.

What was retried is noted in a consumer group of its own for each kind of error (a letter has one), position by
position: a letter before it is not sent again. It is noted after the broker has acknowledged the records, so that a
crash in between sends up to a portion of them twice; the worker takes those with an `event_id` or `order_id` for
repeats.

A tracking call that the collector refused came from no topic: it is read again, by the table of names of now, and what it becomes is
sent. One that is refused again is a new dead letter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from scoring.events.decode import Invalid
from scoring.tracking.mapping import Mapper, Unknown
from streams import tracking
from streams.clock import now_ms
from streams.deadletters import DeadLetter, NotADeadLetter, read
from streams.kafka import clients
from streams.kafka.names import Names
from streams.kafka.topics import partition_counts
from streams.settings import Settings

#: Letters sent and then noted together.
PORTION = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A letter at its place in the dead-letters topic. `written` in epoch ms; `retried`: it was sent again already."""

    partition: int
    offset: int
    written: int
    letter: DeadLetter
    retried: bool


def group(settings: Settings, error: str) -> str:
    """The consumer group that notes what was retried of an error."""
    return f"{settings.app_id}-dlq-retry-{error}"


class Letters:
    """The dead letters of a shop. `refused`: how many tracking calls were refused once more."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        names = Names(settings.app_id, settings.topic_prefix)
        self._topic = names.dead_letters
        self._inputs = names.inputs
        self._changes = names.changes
        self._mapper: Mapper | None = None
        self.refused = 0
        self._done: dict[tuple[str, int], int] = {}

    async def all(self, error: str | None = None) -> AsyncIterator[Found]:
        """Every letter there is now, oldest first in each partition; only those with `error` if given. Raises KafkaError."""
        count = await self._partitions()
        if not count:
            return
        reader = clients.consumer(self._settings, auto_offset_reset="earliest", fetch_max_wait_ms=50)
        await reader.start()
        left = {TopicPartition(self._topic, number) for number in range(count)}
        try:
            reader.assign(list(left))
            await reader.seek_to_beginning(*left)
            while left:
                for records in (await reader.getmany(*left, timeout_ms=200)).values():
                    for record in records:
                        found = await self._found(record)
                        if found is not None and error in (None, found.letter.error):
                            yield found
                # The high watermark of a fetch is the end on every broker; the embedded one answers ListOffsets too low.
                left = {tp for tp in left if (end := reader.highwater(tp)) is None or await reader.position(tp) < end}
        finally:
            await reader.stop()

    async def _found(self, record: Any) -> Found | None:
        try:
            letter = read(record.key, record.value, record.headers)
        except NotADeadLetter:
            return None
        done = await self._retried_to(letter.error, record.partition)
        return Found(record.partition, record.offset, record.timestamp, letter, record.offset < done)

    async def _partitions(self) -> int:
        """Of the topic; 0 if there is no such topic."""
        client = clients.admin(self._settings)
        try:
            await client.start()
            return (await partition_counts(client)).get(self._topic, 0)
        finally:
            await client.close()

    async def _retried_to(self, error: str, number: int) -> int:
        if (error, number) not in self._done:
            noter = clients.consumer(self._settings, group_id=group(self._settings, error))
            await noter.start()
            try:
                self._done[error, number] = await noter.committed(TopicPartition(self._topic, number)) or 0
            finally:
                await noter.stop()
        return self._done[error, number]

    async def retry(self, error: str | None, on_sent: Callable[[int], None]) -> int:
        """Sends again what was not yet, and notes it; returns how many. Raises KafkaError, Misconfigured.

        Not changes that a webhook endpoint or the CRM refused: on their topic all others would take them for new ones.
        """
        waiting = [found async for found in self.all(error) if not found.retried and found.letter.topic != self._changes]
        producer = clients.producer(self._settings, linger_ms=5)
        await producer.start()
        try:
            for start in range(0, len(waiting), PORTION):
                portion = waiting[start : start + PORTION]
                for sent in [await self._again(producer, found.letter) for found in portion]:
                    for acknowledged in sent:
                        await acknowledged
                await self._note(portion)
                on_sent(start + len(portion))
        finally:
            await producer.stop()
        return len(waiting)

    async def _again(self, producer: AIOKafkaProducer, letter: DeadLetter) -> list[asyncio.Future[object]]:
        if letter.topic == tracking.ORIGIN:
            return await self._call_again(producer, letter)
        # Of an event from the future it is the record's time that was wrong, or that has changed by now.
        timestamp = None if letter.error == "future_ts" else letter.timestamp
        sent: asyncio.Future[object] = await producer.send(
            letter.topic, letter.value, letter.key, letter.partition, timestamp, list(letter.headers)
        )
        return [sent]

    async def _call_again(self, producer: AIOKafkaProducer, letter: DeadLetter) -> list[asyncio.Future[object]]:
        if self._mapper is None:
            self._mapper = tracking.mapper(self._settings, tracking.table(self._settings))
        try:
            records = tracking.again(self._mapper, letter.value or b"", letter.headers, letter.timestamp, now_ms())
        except (Invalid, Unknown) as fault:
            self.refused += 1
            refused = replace(letter, error=fault.error, detail=fault.detail)
            return [await producer.send(self._topic, refused.value, refused.key, headers=refused.annotated())]
        return [await producer.send(self._inputs[record.rank], record.value, record.key) for record in records]

    async def _note(self, portion: list[Found]) -> None:
        ends: dict[str, dict[TopicPartition, OffsetAndMetadata]] = {}
        for found in portion:
            ends.setdefault(found.letter.error, {})[TopicPartition(self._topic, found.partition)] = OffsetAndMetadata(found.offset + 1, "")
        for error, offsets in ends.items():
            noter = clients.consumer(self._settings, group_id=group(self._settings, error))
            await noter.start()
            try:
                noter.assign(list(offsets))
                await noter.commit(offsets)
            finally:
                await noter.stop()
