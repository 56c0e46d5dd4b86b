"""The time under one lease: a producer that sends under it and no other, and those who use that producer.

When a lease has ended, the next one begins with everything new. So nothing that still waits in an old producer can
leave under a new lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from scoring.engine import Engine
from streams.customers.changelog import TopicIds
from streams.customers.counters import Counters
from streams.customers.delivery import Delivery
from streams.customers.evaluate import Evaluator
from streams.customers.faults import batch_options
from streams.customers.flush import Flusher
from streams.customers.lease import Lease
from streams.customers.migration import Migration
from streams.customers.strangers import Strangers
from streams.customers.takeover import Takeover
from streams.customers.tally import Tallies
from streams.kafka import clients, internals
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings


@dataclass(slots=True)
class Shared:
    """What outlives a lease. `fail` is told of errors, `progress` of every flush delivered; the others as in Takeover."""

    settings: Settings
    names: Names
    engine: Engine
    counters: Counters
    migration: Migration
    evaluator: Evaluator
    fail: Callable[[BaseException], None]
    progress: Callable[[], None]
    first: Callable[[int, int], Awaitable[list[int]]]
    confirm: Callable[[], Awaitable[None]]
    tallies: Tallies


class Tenure:
    """`begin` before use; `end` when the partitions are not ours any more."""

    delivery: Delivery
    flusher: Flusher
    takeover: Takeover

    def __init__(self, shared: Shared) -> None:
        self.lease = Lease(shared.settings.session_timeout / 1000)
        self._shared = shared
        self._producer: AIOKafkaProducer | None = None
        self._beginning = asyncio.Lock()

    async def begin(self) -> None:
        """Connects, once. Raises KafkaError."""
        async with self._beginning:
            if self._producer is not None:
                return
            producer = clients.producer(self._shared.settings, **batch_options())
            internals.guard_produce(producer, self.lease.gate)
            try:
                await producer.start()
                ids = await internals.topic_ids(producer.client, list(self._shared.names.inputs))
            except BaseException:
                await producer.stop()
                raise
            self._use(producer, ids)

    def _use(self, producer: AIOKafkaProducer, ids: dict[str, str]) -> None:
        shared, make = self._shared, producer.create_batch
        topics = TopicIds(shared.settings.partitions, {topic: ids.get(topic, "") for topic in shared.names.inputs})
        strangers = Strangers(shared.settings, shared.names.changelog, topics, make)
        self.delivery = Delivery(
            producer, shared.names.changelog, shared.names.handovers, strangers, shared.fail, shared.progress, shared.tallies
        )
        self.flusher = Flusher(
            shared.engine,
            shared.evaluator,
            shared.migration,
            shared.names,
            shared.counters,
            make,
            shared.settings.partitions,
            shared.tallies,
        )
        self.takeover = Takeover(
            shared.settings, shared.names, shared.engine, shared.migration, self.delivery, topics, make, shared.first, shared.confirm,
            shared.counters.detail,
        )  # fmt: skip
        self._producer = producer

    def end(self) -> None:
        """Nothing is sent from now on."""
        self.lease.end()

    async def stop(self) -> None:
        """Waits for what is on its way, and disconnects."""
        if self._producer is not None:
            await self._producer.stop()
