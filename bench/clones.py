"""A changelog of many customers made from that of a few: every state under many keys, so that a million customers have a history each.

Sending a million customers twenty events apiece would take the worker minutes; what recovery, memory, timers and the cost of an event
see is the same. Outputs still open and offsets applied are left out: the clones belong to topics of their own.
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.load import PARTITIONS, Partitioner, key_of
from scoring.events.schema import TOPICS as INPUTS
from scoring.state import encode
from streams.customers import changelog
from streams.customers.changelog import META, RESERVED, TOPICS, Meta, TopicIds
from streams.kafka import internals
from streams.kafka.names import Names
from streams.kafka.topics import prepare
from streams.settings import Settings

EPOCH = 1


async def newest(broker: str, topic: str, partitions: int = PARTITIONS) -> list[dict[bytes, bytes]]:
    """By partition, the last value of every key."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", max_partition_fetch_bytes=4 << 20)
    await consumer.start()
    found: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]
    try:
        tps = [TopicPartition(topic, number) for number in range(partitions)]
        ends = await consumer.end_offsets(tps)
        consumer.assign(tps)
        for tp in tps:
            await consumer.seek_to_beginning(tp)
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                found[tp.partition].update((record.key, record.value) for record in records)
    finally:
        await consumer.stop()
    return found


async def clone(broker: str, source: Names, target: Names, customers: int) -> None:
    """Makes the target's topics, and its changelog with `customers` clones of the source's customers."""
    await prepare(Settings.load(overrides={"broker": broker, "app_id": target.app_id, "topic_prefix": target.prefix}))
    partitions = await newest(broker, source.changelog)
    fired = min(changelog.read_meta(each[META]).fired for each in partitions)
    layouts = {key: value for each in partitions for key, value in each.items() if key.startswith(changelog.LAYOUT)}
    values = [_clean(value) for each in partitions for key, value in each.items() if key < RESERVED]
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks=1, max_batch_size=1_000_000, max_request_size=16_000_000)
    await producer.start()
    try:
        ids = TopicIds(PARTITIONS, await internals.topic_ids(producer.client, list(target.inputs)))
        open_ = [producer.create_batch() for _ in range(PARTITIONS)]
        for batch in open_:
            batch.append(timestamp=None, key=META, value=changelog.own(EPOCH, Meta(0, fired, [0] * len(INPUTS))))
            batch.append(timestamp=None, key=TOPICS, value=changelog.own(EPOCH, ids))
            for key, value in layouts.items():
                batch.append(timestamp=None, key=key, value=changelog.with_epoch(value, EPOCH))
        partition_of, sent = Partitioner(customers), []
        for n in range(customers):
            number, key, value = partition_of(n), key_of(n), values[n % len(values)]
            if open_[number].append(timestamp=None, key=key, value=value) is None:
                sent.append(await producer.send_batch(open_[number], target.changelog, partition=number))
                open_[number] = producer.create_batch()
                open_[number].append(timestamp=None, key=key, value=value)
        for number, batch in enumerate(open_):
            sent.append(await producer.send_batch(batch, target.changelog, partition=number))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def _clean(stored: bytes) -> bytes:
    state = changelog.state_of(stored)
    due, fingerprint = state.due, state.definitions
    state.due = state.definitions = 0
    state.offsets = [-1] * len(INPUTS)
    return changelog.value(EPOCH, due, fingerprint, encode(state))
