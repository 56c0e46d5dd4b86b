"""Events in, changes out, on real Kafka: the same as counted in one go."""

from __future__ import annotations

import asyncio

import pytest

from streams.clock import now_ms
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import Feed, traffic

pytestmark = pytest.mark.real_kafka


async def test_live_events_and_deadlines(setup: Setup, worker: type[Process]) -> None:
    running = worker().ready()
    async with Feed(setup.address, setup.prefix) as feed:
        start = now_ms()
        await feed.live(traffic(2, 300, start, 5, 600))
    await settled(setup)
    running.stop()
    await agrees(setup, start + 5_000)


async def test_two_workers_and_rebalances(setup: Setup, worker: type[Process]) -> None:
    first = worker("w1", group_instance_id="")
    async with Feed(setup.address, setup.prefix) as feed:
        await asyncio.to_thread(first.ready)
        start = now_ms()
        sending = asyncio.create_task(feed.live(traffic(6, 300, start, 10, 600)))
        await asyncio.sleep(1)
        second = worker("w2", group_instance_id="")
        await asyncio.to_thread(second.ready, 2)
        await asyncio.sleep(2)
        await asyncio.to_thread(first.stop)
        await sending
    await settled(setup)
    second.stop()
    await agrees(setup, start + 10_000)
