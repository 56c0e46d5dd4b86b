"""Who was forgotten, as Redis knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from streams.agents.departures import Departures
from streams.erasure import is_erased, note_back, note_erased, sweep
from streams.settings import Settings


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def settings(topic_prefix: str) -> Settings:
    return replace(Settings(), app_id=topic_prefix + "gedrag")


async def test_forgotten_until_they_agree_anew(redis: Redis, settings: Settings) -> None:
    assert not await is_erased(redis, settings, "kim")
    assert await redis.get(f"{settings.app_id}:erasure-key") is None, "to ask makes no key"
    await note_erased(redis, settings, "kim", 1_000)
    assert await is_erased(redis, settings, "kim") and not await is_erased(redis, settings, "lee")
    assert await is_erased(redis, settings, "kim", at=5_000)
    await note_back(redis, settings, "kim", 2_000)
    assert not await is_erased(redis, settings, "kim")
    assert await is_erased(redis, settings, "kim", at=1_999), "what was decided before stays forbidden"
    assert not await is_erased(redis, settings, "kim", at=2_000)
    assert b"kim" not in repr(await redis.hgetall(f"{settings.app_id}:erased")).encode()


async def test_notices_that_come_again_or_late_change_nothing(redis: Redis, settings: Settings) -> None:
    await note_erased(redis, settings, "kim", 1_000)
    await note_back(redis, settings, "kim", 2_000)
    await note_erased(redis, settings, "kim", 1_000)
    await note_back(redis, settings, "kim", 500)
    assert not await is_erased(redis, settings, "kim")
    await note_erased(redis, settings, "kim", 3_000)
    assert await is_erased(redis, settings, "kim")


async def test_the_setting_is_the_key(redis: Redis, settings: Settings) -> None:
    keyed = replace(settings, erasure_key="horse battery")
    await note_erased(redis, keyed, "kim", 1_000)
    assert await is_erased(redis, keyed, "kim")
    assert not await is_erased(redis, replace(settings, erasure_key="another"), "kim")
    assert await redis.get(f"{settings.app_id}:erasure-key") is None


async def test_what_is_kept_under_the_id_is_swept(redis: Redis, settings: Settings) -> None:
    app = settings.app_id
    await redis.lpush(f"{app}:history:kim", "1 {}")
    await redis.zadd(f"{app}:mailed:kim", {"m1": 1})
    await redis.hset(f"{app}:live:customer:kim", "", "5")
    await redis.hset(f"{app}:live:customer:lee", mapping={"": "5", "vip": "6"})
    await redis.set(f"{app}:live:customers", 2)
    assert await sweep(redis, settings, "kim") == ["message history", "mails handed over of late", "live view"]
    assert await sweep(redis, settings, "kim") == []
    assert await sweep(redis, settings, "lee") == [], "who is in a segment leaves by its exits"
    assert await redis.get(f"{app}:live:customers") == b"1"


class _Message:
    topic, partition, offset, key, timestamp, headers = "departures", 0, 7, b"kim", 1.0, ()

    def __init__(self, value: bytes) -> None:
        self.value = value


async def test_the_agent_marks_and_sweeps_and_lets_back_in(redis: Redis, settings: Settings) -> None:
    put: list[str] = []

    class Letters:
        async def put(self, message: object, error: str, detail: str) -> None:
            put.append(error)

    agent = Departures(redis, settings, Letters())  # type: ignore[arg-type]
    await redis.lpush(f"{settings.app_id}:history:kim", "1 {}")
    told = b'{"customer_id": "kim", "why": "%s", "into": null, "at": "%s"}'
    await agent.take([_Message(told % (b"erasure", b"2026-03-01T11:00:00Z"))])
    assert await is_erased(redis, settings, "kim") and not await redis.exists(f"{settings.app_id}:history:kim")
    await agent.take([_Message(told % (b"return", b"2026-03-01T12:00:00Z")), _Message(b"?"), _Message(told % (b"nonsense", b"now"))])
    assert not await is_erased(redis, settings, "kim")
    assert put == ["not_a_departure", "not_a_departure"]
