"""The mail part of the HTTP server, with real Kafka and Redis behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic
from redis.asyncio import Redis

from scoring.events.decode import decoders
from scoring.events.schema import EMAIL_EVENTS
from streams.http.app import build
from streams.kafka.clients import admin
from streams.links import Links
from streams.settings import Settings
from streams.sinks.claims import Claims
from tests import parts

BASE = "https://mail.koffie.example"
OLD, NEW = ("k1", "a" * 40), ("k2", "b" * 40)
SECRET = "hook-secret"
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"


@dataclass(frozen=True)
class Mailed:
    customer_id: str = "c/1 é"
    message_id: str = "11111111-2222-5333-8444-555555555555"
    language: str | None = "nl"


@dataclass
class Mail:
    """`client` talks to the server as `PERSON` does; `links` made the links of a mail."""

    client: TestClient[Any, Any]
    links: Links
    redis: Any
    claims: Claims
    settings: Settings

    def path(self, url: str) -> str:
        assert url.startswith(BASE)
        return url.removeprefix(BASE)

    async def events(self) -> list[dict[str, Any]]:
        """All records of email-events so far, with the key as `key`."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.broker)
        await consumer.start()
        try:
            place = TopicPartition(self.settings.topic_prefix + "email-events", 0)
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end, found = (await consumer.end_offsets([place]))[place], []
            while len(found) < end:
                for record in (await consumer.getmany(timeout_ms=500)).get(place, []):
                    decoders()[EMAIL_EVENTS](record.value, record.key, record.timestamp)  # the engine takes it
                    found.append(json.loads(record.value) | {"key": record.key.decode()})
            return found
        finally:
            await consumer.stop()


@pytest.fixture
async def mail(kafka: parts.Kafka, redis_url: str, topic_prefix: str) -> AsyncIterator[Mail]:
    settings = Settings(
        broker=kafka.address, topic_prefix=topic_prefix, app_id=topic_prefix + "gedrag", redis=redis_url, public_url=BASE,
        link_keys=(NEW, OLD), postmark_hook_secret=SECRET, shop_name="Koffie & <Co>", idempotence="on" if kafka.real else "off",
    )  # fmt: skip
    making = admin(settings)
    await making.start()
    await making.create_topics([NewTopic(topic_prefix + "email-events", 1, 1)])
    await making.close()
    redis = Redis.from_url(redis_url)
    async with TestClient(TestServer(build(settings, ["mail"])), headers={"User-Agent": PERSON}) as client:
        yield Mail(client, Links(BASE, (OLD,)), redis, Claims(redis, settings.app_id), settings)
    await redis.aclose()
