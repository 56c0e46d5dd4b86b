"""Copies a shop's events to topics of another prefix, each to the partition its key belongs to: the way to more partitions.

    python more_partitions.py localhost:9092 "" "wide." 12

makes wide.page-views, wide.cart-events, … with 12 partitions and copies page-views, cart-events, … to them, with their keys, values,
headers and timestamps, in order of time. Stop the producers first, or point them to the new topics and run it then: what comes meanwhile is
ordered by its `ts`. Afterwards start the worker with topic_prefix = "wide.", partitions = 12 and another app_id: it counts anew from the
copied events, and names every change as it was named before.
"""

import asyncio
import sys
from collections import deque

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

TOPICS = ("page-views", "cart-events", "purchases", "email-events", "feedback", "profiles", "identities")


async def copy(broker: str, old: str, new: str, partitions: int) -> int:
    """The number of events copied."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    found = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics([old + topic for topic in TOPICS])}
    replicas = max(len(part["replicas"]) for parts in found.values() for part in parts)
    # Events may be old: nothing is deleted by age until you say how long they are to be kept.
    await admin.create_topics([NewTopic(new + topic, partitions, replicas, topic_configs={"retention.ms": "-1"}) for topic in TOPICS])
    await admin.close()
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, enable_auto_commit=False)
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks="all", enable_idempotence=True, linger_ms=20)
    await consumer.start()
    await producer.start()
    copied = 0
    try:
        for topic in TOPICS:
            parts = [TopicPartition(old + topic, part["partition"]) for part in found[old + topic]]
            async for record in by_time(consumer, parts):
                headers = list(record.headers)
                await producer.send(new + topic, record.value, record.key, timestamp_ms=record.timestamp, headers=headers)
                copied += 1
            await producer.flush()
    finally:
        await producer.stop()
        await consumer.stop()
    return copied


async def by_time(consumer, parts):
    """The records of these partitions, the earliest first: side by side, as they came, not one partition after the other."""
    consumer.assign(parts)
    await consumer.seek_to_beginning(*parts)
    ends = await consumer.end_offsets(parts)
    waiting = {part: deque() for part in parts}
    while True:
        for part, records in waiting.items():
            while not records and await consumer.position(part) < ends[part]:
                records.extend((await consumer.getmany(part, timeout_ms=500)).get(part, ()))
        heads = [records for records in waiting.values() if records]
        if not heads:
            return
        yield min(heads, key=lambda records: records[0].timestamp).popleft()


if __name__ == "__main__":
    print(asyncio.run(copy(*sys.argv[1:4], partitions=int(sys.argv[4]))), "events copied")
