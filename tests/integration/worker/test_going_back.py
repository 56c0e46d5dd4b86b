"""A Faust app that goes back to what was committed, as after each rebalance, before anything was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.agents.in_order import no_waiting
from streams.app import create, topic
from streams.settings import Settings
from tests import parts

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(90)]


async def test_what_was_fetched_and_never_committed_comes_again(kafka: parts.Kafka, topic_prefix: str) -> None:
    settings = Settings(broker=kafka.address, app_id=topic_prefix + "gedrag", topic_prefix=topic_prefix, session_timeout=6000)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(topic_prefix + "messages", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.address)
    await producer.start()
    for n in range(5):
        await producer.send_and_wait(topic_prefix + "messages", b"%d" % n)
    await producer.stop()
    app = create(settings, "delivery")
    no_waiting(app)
    got: list[bytes] = []

    @app.agent(topic(app, settings, "messages"))
    async def reads(stream: Any) -> None:
        async for event in stream.noack().events():
            got.append(event.value)

    app.finalize()
    await app.start()
    try:
        async with asyncio.timeout(60):
            while len(got) < 5:
                await asyncio.sleep(0.05)
            await app.consumer.perform_seek()
            while len(got) < 10:
                await asyncio.sleep(0.05)
    finally:
        await app.stop()
    assert got == [b"%d" % n for n in range(5)] * 2
