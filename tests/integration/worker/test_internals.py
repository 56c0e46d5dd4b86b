"""Every aiokafka internal the worker leans on, against a broker: an upgrade that moves one fails here."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.produce import ProduceRequest

from streams.clock import monotonic, now_ms
from streams.customers.lease import LeaseEnded
from streams.kafka import internals
from tests import parts

pytestmark = pytest.mark.real_kafka


@asynccontextmanager
async def admin(kafka: parts.Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def joined(kafka: parts.Kafka, topics: list[str], group: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that is a member of its group."""
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(topic, 1, 1) for topic in topics])
        # A member that does not see its topics yet is assigned nothing, and looks again after minutes.
        async with asyncio.timeout(30):
            while any(not each["partitions"] for each in await client.describe_topics(topics)):
                await asyncio.sleep(0.1)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.address, group_id=group, auto_offset_reset="earliest", session_timeout_ms=6000, heartbeat_interval_ms=300,
        fetch_max_wait_ms=200,
    )  # fmt: skip
    await consumer.start()
    consumer.subscribe(topics)
    try:
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=50)
        yield consumer
    finally:
        await consumer.stop()


async def test_when_the_newest_answered_fetch_was_sent(kafka: parts.Kafka, topic_prefix: str) -> None:
    topic = topic_prefix + "t"
    async with joined(kafka, [topic], topic_prefix + "g") as consumer:
        sent = internals.watch_fetches(consumer, now_ms)
        tp = TopicPartition(topic, 0)
        for _ in range(3):
            before = now_ms()
            while sent.get(tp, 0) < before:
                await consumer.getmany(timeout_ms=50)
            # The fetch was answered after waiting at the broker, and is told by when it was sent.
            assert before <= sent[tp] <= now_ms() - 150
        assert consumer.highwater(tp) == 0


async def test_records_come_as_they_were_read(kafka: parts.Kafka, topic_prefix: str) -> None:
    topic = topic_prefix + "t"
    async with joined(kafka, [topic], topic_prefix + "g") as consumer:
        internals.take_as_read(consumer)
        sent = internals.watch_fetches(consumer, now_ms)
        while not sent:  # what was on its way before we looked comes as ever
            await consumer.getmany(timeout_ms=50)
        producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
        await producer.start()
        for n in range(3):
            await producer.send_and_wait(topic, b"v%d" % n, key=b"k", headers=[("h", b"x")], timestamp_ms=n)
        await producer.stop()
        found = []
        while len(found) < 3:
            for records in (await consumer.getmany(timeout_ms=50)).values():
                found += records
        assert [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in found] == [
            (n, n, b"k", b"v%d" % n, [("h", b"x")]) for n in range(3)
        ]
        assert not any(isinstance(record, ConsumerRecord) for record in found)
        assert await consumer.position(TopicPartition(topic, 0)) == 3


async def test_a_full_queue_does_not_keep_others_waiting(kafka: parts.Kafka, topic_prefix: str) -> None:
    full, other = topic_prefix + "full", topic_prefix + "other"
    async with joined(kafka, [full, other], topic_prefix + "g") as consumer:
        internals.fetch_past_full_queues(consumer)
        producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
        await producer.start()
        await producer.send_and_wait(full, b"stays")
        await asyncio.sleep(0.3)
        took = []
        while not took or (min(took) >= 0.8 and len(took) < 5):  # the broker may have other things to do
            began = monotonic()
            for _ in range(10):
                await producer.send_and_wait(other, b"x")
                while not await consumer.getmany(TopicPartition(other, 0), timeout_ms=300):
                    pass
            took.append(monotonic() - began)
        await producer.stop()
        assert min(took) < 0.8, "aiokafka's own pause is 0.1 s each time"


async def test_generation_and_heartbeats(kafka: parts.Kafka, topic_prefix: str) -> None:
    async with joined(kafka, [topic_prefix + "t"], topic_prefix + "g") as consumer:
        beats: list[float] = []
        lost: list[bool] = []
        at_once = internals.watch_membership(consumer, beats.append, lambda: lost.append(True), monotonic)
        assert internals.generation(consumer) >= 1
        began = monotonic()
        await at_once()
        assert len(beats) == 1 and began <= beats[0] <= monotonic()
        await asyncio.sleep(0.8)
        assert len(beats) >= 2, "the client's own heartbeats are seen too"
        # The group forgets us: as after a session without heartbeats.
        member = consumer._coordinator.member_id
        consumer._coordinator.member_id = "nobody"
        await at_once()
        assert lost == [True]
        consumer._coordinator.member_id = member


async def test_a_gate_before_every_produce_request(kafka: parts.Kafka, topic_prefix: str) -> None:
    topic = topic_prefix + "t"
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(topic, 1, 1)])
    open_ = asyncio.Event()
    ended = False

    async def gate() -> None:
        await open_.wait()
        if ended:
            raise LeaseEnded("no")

    producer = AIOKafkaProducer(bootstrap_servers=kafka.address, enable_idempotence=True)
    internals.guard_produce(producer, gate)
    await producer.start()
    waiting = await producer.send(topic, b"1")
    await asyncio.sleep(0.3)
    assert not waiting.done()
    open_.set()
    assert (await waiting).offset == 0
    ended = True
    with pytest.raises(LeaseEnded):
        await producer.send_and_wait(topic, b"2")
    await asyncio.wait_for(producer.stop(), 5)


async def test_nothing_of_a_request_waits_for_the_collector(kafka: parts.Kafka, topic_prefix: str) -> None:
    topic = topic_prefix + "t"
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(topic, 1, 1)])
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
    sent: list[weakref.ref[Any]] = []
    send = producer.client.send

    async def noted(node_id: int, request: Any, **options: Any) -> Any:
        if isinstance(request, ProduceRequest):
            build = request.build

            def built(kind: type[Any]) -> Any:
                sent.append(weakref.ref(made := build(kind)))
                return made

            sent.append(weakref.ref(request))
            request.build = built
        return await send(node_id, request, **options)

    async def gate() -> None:
        pass

    producer.client.send = noted
    internals.guard_produce(producer, gate)
    await producer.start()
    gc.collect()
    gc.disable()
    try:
        await producer.send_and_wait(topic, bytes(100_000))
        await asyncio.sleep(0.1)
        assert len(sent) >= 2 and not [each() for each in sent if each() is not None], "its megabytes would stay until then"
    finally:
        gc.enable()
        await producer.stop()


async def known(client: AIOKafkaAdminClient, topics: list[str]) -> dict[str, str]:
    """Their ids: the broker may know of one it has just made a moment later."""
    async with asyncio.timeout(20):
        while not (found := await internals.topic_ids(client._client, topics)):
            await asyncio.sleep(0.1)
    return found


async def test_a_topic_made_anew_has_another_id(kafka: parts.Kafka, topic_prefix: str) -> None:
    topic = topic_prefix + "t"
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(topic, 1, 1)])
        first = await known(client, [topic, topic_prefix + "missing"])
        await client.delete_topics([topic])
        await asyncio.sleep(0.3)
        await client.create_topics([NewTopic(topic, 1, 1)])
        second = await known(client, [topic])
    assert first.keys() == second.keys() == {topic}
    assert len(first[topic]) == 32 and first != second


@pytest.mark.parametrize("version", [3, 4, 5, 6, 7])
def test_a_produce_request_has_the_bytes_it_would_have_anyway(version: int) -> None:
    topics = [("page-views", [(0, b"records"), (3, bytearray(b"more"))]), ("übrige", [(1, b"")]), ("none", [])]
    request = ProduceRequest(transactional_id=None, required_acks=-1, timeout=30_000, topics=topics).prepare({0: (version, version)})
    assert b"".join(internals.produce_parts(request)) == request.encode()
