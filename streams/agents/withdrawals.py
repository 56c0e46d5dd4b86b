"""Reading ahead of delivery for what the engine has taken back.

Delivery takes messages in order, and stands still while no mail can go. Meanwhile a purchase may end the campaign, or the customer may
unsubscribe: the engine then says on `withdrawals` which messages it decided to send are not to be sent any more. They are read ahead and
marked in Redis, and a mail goes only when its customer's partition has been read to its end as of that moment.
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

#: Milliseconds by which the clocks of those who write to the two topics may differ.
_SLACK = 3_600_000


class _Withdrawn(msgspec.Struct):
    message_id: str
    reason: str = ""


_decode = msgspec.json.Decoder(_Withdrawn).decode


class Withdrawals:
    """Belongs to one event loop. Reads with a consumer of its own, without a group."""

    def __init__(self, settings: Settings, claims: Claims) -> None:
        self._settings = settings
        self._claims = claims
        self._topic = Names(settings.app_id, settings.topic_prefix).withdrawals
        self._from: dict[int, int] = {}  # partition -> the instant reading begins at
        self._anew: set[int] = set()  # partitions that are still to be begun
        self._read: dict[TopicPartition, int] = {}  # what lies before it is marked
        self._more = asyncio.Condition()
        self._new = asyncio.Event()
        self._consumer: Any = None
        self._closing: asyncio.Future[None] | None = None  # done when the consumer is given up
        self._reading: asyncio.Task[None] | None = None
        self._away = Outage("the broker or Redis", "no mail is sent before it is known what the engine has taken back")

    def watch(self, partition: int, timestamp: int) -> None:
        """Delivery is at a record of `messages` that was written at that instant (epoch ms): what is taken back since is to be known."""
        if partition in self._from and self._from[partition] - _SLACK // 2 <= timestamp:
            return
        self._from[partition] = timestamp
        self._anew.add(partition)
        self._new.set()
        if self._reading is None:
            self._reading = asyncio.create_task(self._run())

    async def caught_up(self, partition: int) -> None:
        """Returns when everything that lies in the partition at this moment has been read. Waits as long as the broker is away."""
        place = TopicPartition(self._topic, partition)
        end = await self._end(place)
        async with self._more:
            await self._more.wait_for(lambda: partition not in self._anew and self._read.get(place, -1) >= end)

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    async def _end(self, place: TopicPartition) -> int:
        backoff = Backoff(longest=10.0)
        while True:
            consumer, closing = self._consumer, self._closing
            if consumer is None or closing is None:
                await asyncio.sleep(0.02)
                continue
            asking = asyncio.ensure_future(consumer.end_offsets([place]))
            try:
                # A consumer that is stopped meanwhile would go on asking through its closed connections until it times out (40 s).
                await asyncio.wait({asking, closing}, return_when=asyncio.FIRST_COMPLETED)
                if asking.done():
                    ends: dict[TopicPartition, int] = asking.result()
                    return ends[place]
            except (KafkaError, OSError) as error:
                self._away.failed(error)
                await asyncio.sleep(backoff.next())
            finally:
                asking.cancel()

    async def _run(self) -> None:
        backoff = Backoff(longest=10.0)
        while True:
            consumer = clients.consumer(self._settings, auto_offset_reset="earliest", fetch_max_wait_ms=100)
            closing = asyncio.get_running_loop().create_future()
            try:
                await consumer.start()
                self._consumer, self._closing = consumer, closing
                self._new.set()
                await self._follow(consumer)
            except (KafkaError, RedisError, OSError) as error:
                self._away.failed(error)
                await asyncio.sleep(backoff.next())
            finally:
                self._consumer = None
                closing.set_result(None)
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
        """Reads every partition from where it was read to, new ones from when delivery's record was written."""
        begun = {partition: self._from[partition] for partition in self._anew}
        for partition, timestamp in begun.items():
            place = TopicPartition(self._topic, partition)
            found = (await consumer.offsets_for_times({place: max(0, timestamp - _SLACK)}))[place]
            self._read[place] = found.offset if found is not None else (await consumer.end_offsets([place]))[place]
        consumer.assign(list(self._read))
        for place, start in self._read.items():
            consumer.seek(place, start)
        async with self._more:
            self._anew -= {partition for partition, start in begun.items() if self._from[partition] == start}
            self._more.notify_all()

    async def _mark(self, records: list[Any]) -> None:
        withdrawn: dict[str, str] = {}
        for record in records:
            try:
                said = _decode(record.value or b"")
            except (msgspec.DecodeError, UnicodeDecodeError):
                log.warning("no withdrawal, left out", topic=record.topic, partition=record.partition, offset=record.offset)
            else:
                withdrawn[said.message_id] = said.reason
        if withdrawn:
            await self._claims.withdraw(withdrawn)
