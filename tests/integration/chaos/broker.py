"""Asking the broker itself: does it answer, and has it compacted."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from streams.customers.recovery import Restored
from tests.integration.chaos.crew import Stuck
from tests.integration.worker.recount import records

#: Compaction at once, of segments that close after a moment. Tombstones go as soon as they may.
_COMPACT = {
    "cleanup.policy": "compact", "retention.ms": "-1", "max.message.bytes": "8000000", "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "500", "min.cleanable.dirty.ratio": "0.0", "segment.ms": "300", "delete.retention.ms": "0",
}  # fmt: skip


async def answers(address: str, timeout: float = 60.0) -> None:
    """Returns when the broker leads its topics again."""
    end = time.monotonic() + timeout
    while True:
        client = AIOKafkaAdminClient(bootstrap_servers=address)
        try:
            await client.start()
            topics = await client.describe_topics()
            if topics and all(part["leader"] >= 0 for topic in topics for part in topic["partitions"]):
                return
        except (TimeoutError, KafkaError, OSError):
            pass
        finally:
            await client.close()
        if time.monotonic() > end:
            raise Stuck(f"the broker does not answer within {timeout:g} s")
        await asyncio.sleep(0.2)


async def compact(address: str, topic: str, partitions: int = 4, timeout: float = 40.0) -> int:
    """Has the topic compacted, and returns how many records are gone by then. Needs records to be written to it meanwhile."""
    client = AIOKafkaAdminClient(bootstrap_servers=address)
    await client.start()
    try:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=_COMPACT)])
    finally:
        await client.close()
    end = time.monotonic() + timeout
    while True:
        gone = await _gone(address, topic, partitions)
        if all(gone):
            return sum(gone)
        if time.monotonic() > end:
            raise Stuck(f"{topic} is not compacted within {timeout:g} s: records gone by partition: {gone}")
        await asyncio.sleep(0.5)


async def stale(address: str, topic: str) -> int:
    """Records that recovery has to ignore, since their writer had lost the partition when they came."""
    by_partition: dict[int, Restored] = defaultdict(Restored)
    for record in await records(address, topic):
        by_partition[record.partition].read([record])
    return sum(each.ignored for each in by_partition.values())


async def _gone(address: str, topic: str, partitions: int) -> list[int]:
    """By partition, offsets below the end that no record has any more."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        ends = await consumer.end_offsets(tps)
    finally:
        await consumer.stop()
    there = [0] * partitions
    for record in await records(address, topic, partitions):
        if record.offset < ends[tps[record.partition]]:
            there[record.partition] += 1
    return [ends[tp] - count for tp, count in zip(tps, there, strict=True)]
