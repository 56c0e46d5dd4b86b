"""The plug pulled at every point: nothing lost, nothing contradicted."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest
from aiokafka import AIOKafkaProducer

from streams.clock import now_ms
from streams.customers.changelog import RESERVED, body, due_of, epoch_of, with_due, with_epoch, without_outbox
from streams.customers.faults import POINTS
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.recount import records
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import Feed, traffic

pytestmark = pytest.mark.real_kafka


#: At which time of coming by the process is killed.
TIMES = {"committing": 2, "committed": 2, "changelog_sent": 40, "outputs_sent": 40}


async def test_killed_at_every_point_of_a_flush(setup: Setup, worker: type[Process]) -> None:
    (await asyncio.to_thread(worker().ready)).stop()
    enough = asyncio.Event()
    small = 600  # bytes, so that a flush takes many batches and is cut in two by what happens at `changelog_sent`
    async with Feed(setup.address, setup.prefix) as feed:
        sending = asyncio.create_task(feed.live(traffic(3, 300, now_ms(), 90, 600), enough))
        for point in POINTS:
            doomed = worker(kill_at=f"{point}:{TIMES.get(point, 7)}", batch_bytes=small)
            assert await asyncio.to_thread(doomed.wait) == -signal.SIGKILL, point
        last = worker()
        await asyncio.sleep(1)
        enough.set()
        end = await sending
    await settled(setup)
    last.stop()
    await agrees(setup, end)


async def test_killed_again_and_again(setup: Setup, worker: type[Process]) -> None:
    dice = random.Random(4)
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        start = now_ms()
        sending = asyncio.create_task(feed.live(traffic(4, 300, start, 10, 600)))
        while not sending.done():
            await asyncio.sleep(dice.uniform(0.3, 2.5))
            running.kill()
            running = worker()
        await sending
    await settled(setup)
    running.stop()
    await agrees(setup, start + 10_000)


async def test_late_records_of_a_former_worker_are_covered(setup: Setup, worker: type[Process]) -> None:
    """They are ignored, and written over: compaction keeps the last record of a key."""
    running = await asyncio.to_thread(worker().ready)
    start = now_ms()
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.live(traffic(12, 20, start, 1, 100))
        await settled(setup)
        running.stop()
        valid = {record.key: record for record in await records(setup.address, setup.names.changelog) if record.key < RESERVED}
        producer = AIOKafkaProducer(bootstrap_servers=setup.address)
        await producer.start()
        for record in valid.values():
            await producer.send_and_wait(setup.names.changelog, with_epoch(with_due(record.value, 1), 0), record.key, record.partition)
        await producer.send_and_wait(setup.names.changelog, with_epoch(record.value, 0), b"never-seen", record.partition)
        await producer.stop()
        again = await asyncio.to_thread(worker().ready)
        again.stop()
    last = {record.key: record.value for record in await records(setup.address, setup.names.changelog) if record.key < RESERVED}
    assert last.pop(b"never-seen") is None
    quiet = [key for key, record in valid.items() if due_of(record.value) > now_ms()]  # no deadline of theirs can have fired since
    assert quiet and last.keys() == valid.keys()
    assert {key: state(last[key]) for key in quiet} == {key: state(valid[key].value) for key in quiet}
    assert all(epoch_of(value) > epoch_of(valid[key].value) for key, value in last.items())
    await agrees(setup, start + 1_000)


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


def state(stored: bytes) -> bytes:
    """Without header and outputs: those that are at the broker are left out when a record is written again."""
    return body(without_outbox(stored))
