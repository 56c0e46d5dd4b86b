"""Commands of many requests sent to Redis together, on real Redis."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streams.http.api.batch import Batch


async def test_everybody_gets_their_own_answers_and_faults(redis_url: str, topic_prefix: str) -> None:
    redis = Redis.from_url(redis_url)
    batch, key = Batch(redis), topic_prefix + "key"
    for n in range(500):
        await redis.hset(key, str(n), n * n)

    async def look(n: int) -> list[bytes]:
        return await batch.ask(("HGET", key, n), ("HGET", key, n + 1))

    wrong = asyncio.create_task(batch.ask(("LLEN", key)))
    gone = asyncio.create_task(look(7))
    found = await asyncio.gather(*(look(n) for n in range(499)))
    assert found == [[str(n * n).encode(), str((n + 1) ** 2).encode()] for n in range(499)]
    with pytest.raises(RedisError, match="WRONGTYPE"):
        await wrong
    gone.cancel()
    assert await look(3) == [b"9", b"16"]
    await redis.delete(key)
    await redis.aclose()


async def test_redis_away_is_told_to_all() -> None:
    redis = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    batch = Batch(redis)
    found = await asyncio.gather(*(batch.ask(("GET", "x")) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(each, RedisError | OSError) for each in found)
    await redis.aclose()
