"""Waiting for what a worker does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.integration.worker.running import Process, Setup


async def eventually(look: Callable[[], object], what: str, process: Process | None = None, timeout: float = 45) -> None:
    for _ in range(int(timeout * 20)):
        if look():
            return
        if process is not None:
            assert process.process.poll() is None, process.text()
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {timeout} s: {what}\n{process.text() if process is not None else ''}")


async def joined(process: Process, endpoints: int) -> None:
    """The endpoints' places are noted: they get what is put on the topic from now on."""
    await eventually(lambda: process.text().count("a new endpoint gets the changes from now on") == endpoints, "endpoints begin", process)


async def stopped(process: Process) -> None:
    """Without holding up the receivers, which run in this thread."""
    await asyncio.to_thread(process.stop)


async def committed(setup: Setup, role: str) -> int:
    """How many changes the group of a role is done with, once that is no more than a second old."""
    await asyncio.sleep(1.5)
    consumer = AIOKafkaConsumer(bootstrap_servers=setup.address, group_id=f"{setup.names.app_id}-{role}")
    await consumer.start()
    try:
        return sum([await consumer.committed(TopicPartition(setup.names.changes, n)) or 0 for n in range(setup.partitions)])
    finally:
        await consumer.stop()
