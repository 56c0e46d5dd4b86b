"""Records of a former worker that come while the partition has an owner who is not going to change."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer

from scoring.events.schema import PAGE_VIEWS
from streams.clock import now_ms
from streams.customers.changelog import META, RESERVED, epoch_of, with_due, with_epoch
from tests.integration.chaos.crew import until
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.recount import records
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import Feed, traffic

pytestmark = pytest.mark.real_kafka


async def test_the_owner_writes_again_what_a_former_workers_records_hide(setup: Setup, worker: type[Process]) -> None:
    """Or else compaction, which keeps the last record of a key, would leave nothing for the next recovery."""
    owner = await asyncio.to_thread(worker().ready)
    start = now_ms()
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.live(traffic(12, 20, start, 1, 100))
        await settled(setup)
        valid = {(record.partition, record.key): record for record in await records(setup.address, setup.names.changelog)}
        producer = AIOKafkaProducer(bootstrap_servers=setup.address)
        await producer.start()
        for record in valid.values():
            value = record.value if record.key >= RESERVED else with_due(record.value, 1)
            await producer.send_and_wait(setup.names.changelog, with_epoch(value, 0), record.key, record.partition)
        await producer.send_and_wait(setup.names.changelog, with_epoch(value, 0), b"never-seen", 0)
        await producer.stop()
        for number in range(16):  # so that the owner writes to every partition
            await feed.event(PAGE_VIEWS, f"new-{number}")
        await until(lambda: owner.text().count("a former worker's records came late") >= 4, 20, "the owner notices")
        await settled(setup)
        end = now_ms()
    owner.kill()
    last = {(record.partition, record.key): record.value for record in await records(setup.address, setup.names.changelog)}
    assert last.pop((0, b"never-seen")) is None
    newest = {number: epoch_of(value) for (number, key), value in last.items() if key == META}
    assert {place: epoch_of(value) for place, value in last.items()} == {(number, key): newest[number] for number, key in last}
    again = await asyncio.to_thread(worker().ready)
    again.stop()
    await agrees(setup, end - 3_000)
