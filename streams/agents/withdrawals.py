"""Reading ahead of delivery for what the engine has taken back.

Delivery takes messages in order, and stands still while no mail can go. What the engine decided meanwhile lies elsewhere: a run that was
ended (`cancelled`) further on in `messages`, a single message whose reason is gone on `withdrawals`. Both are read ahead and marked in
Redis, and a mail goes only when its partition of both has been read to its end as of that moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from streams.kafka import clients
from streams.kafka.names import Names
from streams.sinks.backoff import Backoff
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from streams.settings import Settings
    from streams.sinks.claims import Claims

log = structlog.get_logger(__name__)

#: Looked for in a record of `messages` before it is decoded.
_CANCELLED = b"cancelled"
#: Milliseconds by which clocks of those who write to the two topics may differ.
_SLACK = 3_600_000


class _TakenBack(msgspec.Struct):
    message_id: str
    campaign: str
    change_id: str
    decision: str
    reason: str = ""


_decode = msgspec.json.Decoder(_TakenBack).decode


class Withdrawals:
    """Belongs to one event loop. Reads with a consumer of its own, without a group."""

    def __init__(self, settings: Settings, claims: Claims) -> None:
        names = Names(settings.app_id, settings.topic_prefix)
        self._settings = settings
        self._claims = claims
        self._messages, self._withdrawals = names.messages, names.withdrawals
        self._from: dict[int, tuple[int, int]] = {}  # partition -> offset in `messages` and its instant, where reading begins
        self._anew: set[int] = set()  # partitions that are still to be begun
        self._read: dict[TopicPartition, int] = {}  # what lies before it is marked
        self._more = asyncio.Condition()
        self._new = asyncio.Event()
        self._consumer: Any = None
        self._reading: asyncio.Task[None] | None = None
        self._away = Outage("the broker or Redis", "no mail is sent before it is known what the engine has taken back")

    def watch(self, partition: int, offset: int, timestamp: int) -> None:
        """Delivery is at this record of `messages`, written at that instant (epoch ms): what lies behind it is to be read ahead."""
        if partition in self._from and self._from[partition][0] <= offset:
            return
        self._from[partition] = (offset, timestamp)
        self._anew.add(partition)
        self._new.set()
        if self._reading is None:
            self._reading = asyncio.create_task(self._run())

    async def caught_up(self, partition: int) -> None:
        """Returns when everything that lies in the partition at this moment has been read. Waits as long as the broker is away."""
        ends = await self._ends([TopicPartition(topic, partition) for topic in (self._messages, self._withdrawals)])
        async with self._more:
            await self._more.wait_for(
                lambda: partition not in self._anew and all(self._read.get(place, -1) >= end for place, end in ends.items())
            )

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def _ends(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        backoff = Backoff(longest=10.0)
        while True:
            if (consumer := self._consumer) is None:
                await asyncio.sleep(0.02)
                continue
            try:
                ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
                return ends
            except (KafkaError, OSError) as error:
                self._away.failed(error)
                await asyncio.sleep(backoff.next())

    async def _run(self) -> None:
        backoff = Backoff(longest=10.0)
        while True:
            consumer = clients.consumer(self._settings, auto_offset_reset="earliest", fetch_max_wait_ms=100)
            try:
                await consumer.start()
                self._consumer = consumer
                self._new.set()
                await self._follow(consumer)
            except (KafkaError, RedisError, OSError) as error:
                self._away.failed(error)
                await asyncio.sleep(backoff.next())
            finally:
                self._consumer = None
                await consumer.stop()

    async def _follow(self, consumer: Any) -> None:
        while True:
            if self._new.is_set():
                self._new.clear()
                await self._begin(consumer)
            batches = await consumer.getmany(timeout_ms=100, max_records=2_000)
            if self._new.is_set():
                continue  # what was got is read again, from where reading begins now
            await self._mark([record for records in batches.values() for record in records])
            self._away.over()
            async with self._more:
                self._read |= {place: await consumer.position(place) for place in batches}
                self._more.notify_all()

    async def _begin(self, consumer: Any) -> None:
        """Reads every partition from where it was read to, new ones from where delivery is."""
        begun = {partition: self._from[partition] for partition in self._anew}
        for partition, (offset, timestamp) in begun.items():
            place = TopicPartition(self._withdrawals, partition)
            found = (await consumer.offsets_for_times({place: max(0, timestamp - _SLACK)}))[place]
            self._read[place] = found.offset if found is not None else (await consumer.end_offsets([place]))[place]
            self._read[TopicPartition(self._messages, partition)] = offset
        consumer.assign(list(self._read))
        for place, start in self._read.items():
            consumer.seek(place, start)
        async with self._more:
            self._anew -= {partition for partition, start in begun.items() if self._from[partition] == start}
            self._more.notify_all()

    async def _mark(self, records: list[Any]) -> None:
        messages: dict[str, str] = {}
        runs: dict[tuple[str, str], str] = {}
        for record in records:
            value, apart = record.value, record.topic == self._withdrawals
            if value is None or not (apart or _CANCELLED in value):
                continue
            try:
                said = _decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError):  # in `messages`, delivery will say what is wrong with it
                if apart:
                    log.warning("no withdrawal, left out", topic=record.topic, partition=record.partition, offset=record.offset)
                continue
            if apart:
                messages[said.message_id] = said.reason
            elif said.decision == "cancelled":
                runs[said.campaign, said.change_id] = said.reason
        if messages or runs:
            await self._claims.take_back(messages, runs)
