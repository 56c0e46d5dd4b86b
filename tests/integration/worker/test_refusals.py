"""What a worker refuses to start or go on with: one line that says what to do, never a wrong answer."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from streams.customers.changelog import epoch_of, with_epoch
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.recount import applied, records
from tests.integration.worker.refusal import refusal
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import CART_EVENTS, PAGE_VIEWS, Feed

pytestmark = pytest.mark.real_kafka


async def seen(setup: Setup, worker: type[Process], events: int = 40) -> None:
    """A worker that has applied some events and stopped."""
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(PAGE_VIEWS, events)
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()


async def test_partition_counts_that_differ(setup: Setup, worker: type[Process]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.create_topics([NewTopic(setup.names.inputs[2], 6, 1), NewTopic(setup.names.inputs[0], 4, 1)])
    await admin.close()
    code, why = refusal(worker())
    assert code == 2
    assert setup.names.inputs[2] + " has 6" in why and setup.names.inputs[0] not in why
    assert "the same number" in why


async def test_a_topic_deleted_and_made_anew(setup: Setup, worker: type[Process]) -> None:
    await seen(setup, worker)
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.delete_topics([setup.names.inputs[PAGE_VIEWS]])
    await asyncio.sleep(0.5)
    await admin.create_topics([NewTopic(setup.names.inputs[PAGE_VIEWS], 4, 1)])
    await admin.close()
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(PAGE_VIEWS, 80)  # more than before: the offsets alone would not tell
    code, why = refusal(worker())
    assert code == 1
    assert setup.names.inputs[PAGE_VIEWS] in why and "made anew" in why and "app_id" in why


async def test_records_deleted_before_they_were_read(setup: Setup, worker: type[Process]) -> None:
    await seen(setup, worker)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(CART_EVENTS, 40, action="add", product_id="p")
    topic = setup.names.inputs[CART_EVENTS]
    found = await records(setup.address, topic)
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    ends = {record.partition: record.offset + 1 for record in found}
    await admin.delete_records({TopicPartition(topic, number): RecordsToDelete(end) for number, end in ends.items()})
    await admin.close()
    code, why = refusal(worker())
    assert code == 1
    assert topic in why and "never read" in why and "--accept-gap" in why
    accepting = await asyncio.to_thread(worker("w2", options=("--role", "customers", "--accept-gap")).ready)
    accepting.stop()


async def test_a_changelog_record_that_cannot_be_read(setup: Setup, worker: type[Process]) -> None:
    await seen(setup, worker, 1)
    producer = AIOKafkaProducer(bootstrap_servers=setup.address)
    await producer.start()
    placed = await producer.send_and_wait(setup.names.changelog, b"garbage", b"c0", 1)
    await producer.stop()
    code, why = refusal(worker())
    assert code == 1
    assert f"partition 1 offset {placed.offset} cannot be read" in why


async def test_a_customers_state_that_cannot_be_read(setup: Setup, worker: type[Process]) -> None:
    """States stay encoded until they are touched: it shows with the customer's next event, and nothing is written in its place."""
    await seen(setup, worker)
    topic = setup.names.changelog
    whole = [record for record in await records(setup.address, topic) if record.key == b"c7"][-1]
    producer = AIOKafkaProducer(bootstrap_servers=setup.address)
    await producer.start()
    damaged = whole.value[:-9]
    await producer.send_and_wait(topic, damaged, whole.key, whole.partition)
    running = await asyncio.to_thread(worker().ready)  # nobody has looked at it yet
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(PAGE_VIEWS, 40)
    code, why = await asyncio.to_thread(refusal, running)
    assert code == 1
    assert "the state of customer b'c7' cannot be read" in why and "restore the changelog" in why
    code, why = await asyncio.to_thread(refusal, worker())
    assert code == 1 and "b'c7'" in why, "it goes on without that customer"
    assert [record for record in await records(setup.address, topic) if record.key == b"c7"][-1].value == damaged

    # Restored, nothing is missing: that customer's event, and those of its neighbours in the same partition.
    newest = max(epoch_of(record.value) for record in await records(setup.address, topic) if record.partition == whole.partition)
    await producer.send_and_wait(topic, with_epoch(whole.value, newest), whole.key, whole.partition)
    await producer.stop()
    running = await asyncio.to_thread(worker().ready)
    await settled(setup)
    running.stop()
    await agrees(setup, 0)


def misnamed(producer: AIOKafkaProducer) -> BatchBuilder:
    """A record whose header's name is not UTF-8, which librdkafka writes and Java would not."""
    batch = producer.create_batch()
    batch.append(timestamp=None, key=b"c1", value=b'{"customer_id":"c1","ts":1}', headers=[("NAME", b"x")])
    data = bytearray(batch._build())
    data[data.index(b"NAME")] = 0xFF
    data[17:21] = calc_crc32c(bytes(data[21:])).to_bytes(4, "big")
    batch._buffer = bytes(data)
    return batch


async def test_a_record_that_the_client_cannot_take_apart(setup: Setup, worker: type[Process]) -> None:
    """The worker says which one it is, and goes on when that is gone."""
    await seen(setup, worker)
    topic = setup.names.inputs[PAGE_VIEWS]
    producer = AIOKafkaProducer(bootstrap_servers=setup.address)
    await producer.start()
    placed = await (await producer.send_batch(misnamed(producer), topic, partition=1))
    code, why = await asyncio.to_thread(refusal, worker())
    assert code == 1
    assert f"{topic} partition 1 offset {placed.offset} " in why and "kafka-delete-records" in why and "--accept-gap" in why
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 1): RecordsToDelete(placed.offset + 1)})
    await admin.close()
    running = await asyncio.to_thread(worker("w2", options=("--role", "customers", "--accept-gap")).ready)
    await producer.send_and_wait(topic, b"?", b"c1", 1)
    await producer.stop()
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    assert [letter.value for letter in await records(setup.address, setup.names.dead_letters)] == [b"?"]


async def test_a_changelog_that_forgets(setup: Setup, worker: type[Process]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.create_topics([NewTopic(setup.names.changelog, 4, 1, topic_configs={"cleanup.policy": "delete"})])
    await admin.close()
    code, why = refusal(worker())
    assert code == 2
    assert setup.names.changelog in why and "cleanup.policy=compact" in why


async def test_too_many_dead_letters(setup: Setup, worker: type[Process]) -> None:
    (await asyncio.to_thread(worker().ready)).stop()
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.event(PAGE_VIEWS, "c0")
        for number in range(30):
            await feed.send(PAGE_VIEWS, b"c1", b"no JSON %d" % number)
        await feed.flush()
    code, why = refusal(worker(dead_letter_limit="20"))
    assert code == 1
    assert "more than 20 dead letters in a minute" in why and "dead_letter_limit" in why
    # Nothing is lost: raised, the limit lets all of them be put aside.
    running = await asyncio.to_thread(worker(dead_letter_limit="1000").ready)
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    assert {record.value for record in await records(setup.address, setup.names.dead_letters)} == {b"no JSON %d" % n for n in range(30)}
