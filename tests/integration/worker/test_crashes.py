"""The plug pulled at every point: nothing lost, nothing contradicted."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from streams.clock import now_ms
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import Feed, traffic

pytestmark = pytest.mark.real_kafka


@pytest.mark.parametrize("point", ["flush", "changelog_sent", "changelog_acked", "outputs_sent", "outputs_acked", "committed"])
async def test_killed_at_a_point_of_a_flush(setup: Setup, worker: type[Process], point: str) -> None:
    start = now_ms() + 2_500
    doomed = worker(kill_at=f"{point}:9")
    async with Feed(setup.address, setup.prefix) as feed:
        doomed.ready()
        sending = asyncio.create_task(feed.live(traffic(3, 300, start, 4, 600)))
        assert await asyncio.to_thread(doomed.wait, 10) == -9
        worker()
        await sending
    await settled(setup)
    await agrees(setup, start + 4_000)


@pytest.mark.parametrize("seed", [4, 5])
async def test_killed_again_and_again(setup: Setup, worker: type[Process], seed: int) -> None:
    dice = random.Random(seed)
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        start = now_ms()
        sending = asyncio.create_task(feed.live(traffic(seed, 300, start, 8, 600)))
        while not sending.done():
            await asyncio.sleep(dice.uniform(0.3, 2.5))
            running.kill()
            running = worker()
        await sending
    await settled(setup)
    running.stop()
    await agrees(setup, start + 8_000)


async def test_a_worker_stopped_past_its_session_writes_nothing_more(setup: Setup, worker: type[Process]) -> None:
    """SIGSTOP, another takes over, SIGCONT: the first wakes up in the middle of its work and must not write over its successor."""
    zombie = worker("w1", group_instance_id="")
    await asyncio.to_thread(zombie.ready)
    async with Feed(setup.address, setup.prefix) as feed:
        start = now_ms()
        sending = asyncio.create_task(feed.live(traffic(7, 300, start, 16, 400)))
        await asyncio.sleep(1.5)
        zombie.signal(signal.SIGSTOP)
        successor = worker("w2", group_instance_id="")
        await asyncio.to_thread(successor.ready)
        await asyncio.sleep(1.5)
        zombie.signal(signal.SIGCONT)
        await sending
    await settled(setup)
    # Either it ended, to be started again, or nothing was on its way and it joined again.
    if (code := zombie.process.poll()) is not None:
        assert code == 75, zombie.text()
    successor.stop()
    await agrees(setup, start + 16_000)
