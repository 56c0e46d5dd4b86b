"""The order in which a flush reaches the broker: changelog acknowledged, outputs acknowledged, positions committable.

Up to DEPTH flushes of a partition may be on their way; the outputs of one wait for those of the flush before it. A
partition that was given up sends nothing more: whoever has it now publishes from the outboxes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from streams.clock import monotonic, now_ms
from streams.customers.draft import Batch
from streams.customers.faults import point
from streams.customers.flush import Flush
from streams.customers.partition import Partition
from streams.customers.strangers import Strangers
from streams.customers.tally import Tallies

DEPTH = 3

log = structlog.get_logger(__name__)


class Delivery:
    """Sends flushes. `fail` is told the first error; `done` is called after every flush."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        changelog: str,
        handovers: str,
        strangers: Strangers,
        fail: Callable[[BaseException], None],
        done: Callable[[], None],
        tallies: Tallies,
    ) -> None:
        self._producer = producer
        self._changelog = changelog
        self._handovers = handovers
        self._strangers = strangers
        self._fail = fail
        self._done = done
        self._tallies = tallies

    def start(self, partition: Partition, flush: Flush) -> None:
        partition.in_flight += 1
        partition.chain = asyncio.create_task(self._deliver(partition, flush, partition.chain))

    async def _deliver(self, partition: Partition, flush: Flush, before: asyncio.Task[None] | None) -> None:
        try:
            if partition.lost:
                return
            point("flush")
            await self.send(partition, self._changelog, flush.changelog, "changelog_sent")
            point("changelog_acked")
            if before is not None:
                await before
            if partition.lost:
                return
            for topic, batches in flush.outputs.items():
                await self.send(partition, topic, batches, "outputs_sent")
            for number, batches in flush.handovers.items():
                await self.send(partition, self._handovers, batches, "outputs_sent", number)
            point("outputs_acked")
            if not partition.lost:
                partition.delivered = flush.delivered
                if flush.tally is not None:
                    self._tallies.delivered(flush.tally, monotonic() - flush.began, flush.customers, now_ms())
        except Exception as error:
            if not partition.lost:
                partition.give_up()
                self._fail(error)
        finally:
            partition.in_flight -= 1
            self._done()

    async def send(self, partition: Partition, topic: str, batches: list[Batch], sent: str = "", number: int | None = None) -> None:
        """Sends batches in order and waits for their acknowledgement, however long the broker is away. Raises KafkaError.

        They go to the partition's own number, or to `number`.
        """
        waiting = []
        async with partition.sending:
            for batch in batches:
                future = await self._hand_over(topic, partition.number if number is None else number, batch)
                if topic == self._changelog:
                    future.add_done_callback(partial(_follow, partition, cast(Any, batch).record_count()))
                waiting.append(future)
                point(sent)
        for acknowledged in waiting:
            await acknowledged
        if partition.strange and not partition.lost:
            await self._cover(partition)

    async def _cover(self, partition: Partition) -> None:
        """Writes again what a stranger's records hide."""
        found, partition.strange = partition.strange, []
        for first, end in found:
            batches = await self._strangers.covered(partition, first, end)
            if batches and not partition.lost:
                await self.send(partition, self._changelog, batches)

    async def _hand_over(self, topic: str, number: int, batch: Batch) -> asyncio.Future[object]:
        while True:
            try:
                return await self._producer.send_batch(batch, topic, partition=number)  # type: ignore[no-any-return]
            except KafkaTimeoutError:
                # The batch before it has not left yet: the broker is away. aiokafka keeps that one and tries on.
                log.warning("still waiting for the broker to take records", topic=topic, partition=number)


def _follow(partition: Partition, records: int, acknowledged: asyncio.Future[Any]) -> None:
    """Whether the records of a batch came right after those we wrote before it; called in the order of the log."""
    if acknowledged.cancelled() or acknowledged.exception() is not None:
        return
    metadata = acknowledged.result()
    at = -1 if metadata is None else metadata.offset
    if at < 0:  # a broker that does not say, or says no more: of a batch that was sent twice
        return
    if 0 <= partition.expected < at:
        partition.strange.append((partition.expected, at))
    partition.expected = max(partition.expected, at + records)


async def settle(partitions: list[Partition], timeout: float) -> None:
    """Before partitions are given up: waits until all that is on its way is delivered, at most `timeout` seconds."""
    for partition in partitions:
        partition.leaving = True
        partition.ready = False
    chains = [partition.chain for partition in partitions if partition.chain is not None and not partition.chain.done()]
    if chains:
        await asyncio.wait(chains, timeout=timeout)
