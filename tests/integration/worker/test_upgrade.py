"""A worker over what a release without `identities` left behind."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from scoring.events.schema import IDENTITIES
from streams.customers import changelog
from streams.customers.changelog import META, TOPICS, Meta, TopicIds, read_meta, read_topics
from tests.integration.worker.agreement import settled
from tests.integration.worker.recount import records
from tests.integration.worker.refusal import refusal
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import PAGE_VIEWS, Feed
from tests.integration.worker.test_identities import leads_to, states

pytestmark = pytest.mark.real_kafka


async def as_an_older_release_left_it(setup: Setup) -> None:
    """Position and topic records that know of six topics, and no other input topics."""
    newest = {(r.partition, r.key): r.value for r in await records(setup.address, setup.names.changelog, setup.partitions)}
    old = setup.names.inputs[:IDENTITIES]
    producer = AIOKafkaProducer(bootstrap_servers=setup.address)
    await producer.start()
    for (number, key), value in newest.items():
        epoch = changelog.epoch_of(value) if value is not None else 0
        if key == META:
            meta = read_meta(value)
            assert len(meta.positions) == 9
            body: Meta | TopicIds = Meta(meta.confirmed, meta.fired, meta.positions[:IDENTITIES])
        elif key == TOPICS:
            body = TopicIds(setup.partitions, {name: known for name, known in read_topics(value).ids.items() if name in old})
        else:
            continue
        await producer.send_and_wait(setup.names.changelog, changelog.own(epoch, body), key, number)
    await producer.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.delete_topics([*setup.names.inputs[IDENTITIES:], setup.names.departures])
    await admin.close()
    await asyncio.sleep(0.5)


async def test_it_goes_on_and_joins_ids(setup: Setup, worker: type[Process]) -> None:
    first = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(PAGE_VIEWS, 8)
        await settled(setup)
        first.stop()
        await as_an_older_release_left_it(setup)
        again = await asyncio.to_thread(worker().ready)
        assert again.text().count("topics made") == 1
        for number in range(1, 8):
            await feed.event(IDENTITIES, "c0", anonymous_id=f"c{number}")
        await settled(setup)
    again.stop()
    known = await states(setup)
    assert {leads_to(known, f"c{number}") for number in range(8)} == {"c0"}
    assert known["c0"].other_view_count == 8


async def test_beside_a_worker_of_an_older_release_it_does_not_start(setup: Setup, worker: type[Process]) -> None:
    (await asyncio.to_thread(worker().ready)).stop()
    older = AIOKafkaConsumer(
        *setup.names.inputs[:IDENTITIES],
        bootstrap_servers=setup.address,
        group_id=setup.names.group,
        partition_assignment_strategy=(RangePartitionAssignor,),
    )
    await older.start()
    reading = asyncio.create_task(older.getmany(timeout_ms=60_000))
    await asyncio.sleep(1)
    code, why = await asyncio.to_thread(refusal, worker("w2"))
    reading.cancel()
    await older.stop()
    assert code == 1
    assert "a worker of another release is in it" in why
