"""The worker on the embedded broker, which compacts nothing, keeps nothing, and answers for the end of a topic too low."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streams.clock import now_ms
from tests import parts
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.running import Setup, workers
from tests.integration.worker.shop import Feed, traffic


async def test_live_events_and_deadlines(embedded_kafka: parts.Kafka, topic_prefix: str, tmp_path: Path) -> None:
    setup = Setup(embedded_kafka.address, topic_prefix, tmp_path)
    with workers(setup) as worker:
        running = await asyncio.to_thread(worker(idempotence="off", group_instance_id="").ready)
        async with Feed(setup.address, setup.prefix, idempotence=False) as feed:
            start = now_ms()
            await feed.live(traffic(1, 200, start, 3, 500))
        await settled(setup)
        running.stop()
    await agrees(setup, start + 3_000)
