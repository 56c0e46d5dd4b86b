"""Tokens and limits on real Redis."""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from streams.http.answers import Problem
from streams.http.limits import Limiter
from streams.sinks import tokens
from streams.sinks.tokens import Tokens, hashed, matches, parse


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def test_only_a_hash_is_kept(redis: Redis, topic_prefix: str) -> None:
    store = Tokens(redis, topic_prefix)
    token, text = await store.create("crm", "act", 1000, None)
    token_id, secret = parse(text) or ("", "")
    assert token_id == token.id and len(secret) == 43 and matches(token, secret) and not matches(token, secret[:-1] + "!")
    for key in [key async for key in redis.scan_iter(match=f"{topic_prefix}*")]:
        held = await (redis.hgetall(key) if b":token:" in key else redis.smembers(key))
        assert secret not in str(held)
    assert await store.get(token.id) == token and await store.all() == [token]
    assert (token.allows("read"), token.allows("act"), token.allows("admin")) == (True, True, False)
    await store.revoke(token.id)
    await store.note_use(token.id, 5)
    assert await store.get(token.id) is None and await store.all() == []


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there is no such token: no answer comes sooner than another."""
    compared: list[tuple[str, str]] = []

    def compare(a: Any, b: Any) -> bool:
        compared.append((a, b))
        return bool(a == b)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    token = tokens.Token("a" * 12, "n", "read", hashed("s"), 0, None, None)
    assert (matches(token, "s"), matches(token, "t"), matches(None, "s")) == (True, False, False)
    assert compared == [(hashed("s"), token.hash), (hashed("t"), token.hash), (hashed("s"), "0" * 64)]


@pytest.mark.parametrize(
    "text", ["", "gdr", "gdr__", "gdr_short_" + "x" * 43, "gdr_" + "a" * 12 + "_x", "xyz_" + "a" * 12 + "_" + "x" * 43, "é" * 60]
)
def test_what_is_no_token(text: str) -> None:
    assert parse(text) is None


async def test_a_limit_is_one_for_all_who_share_redis(redis: Redis, topic_prefix: str) -> None:
    servers = [Limiter(redis, topic_prefix), Limiter(redis, topic_prefix)]
    began, passed, waits = time.monotonic(), 0, []
    for n in range(80):
        try:
            await servers[n % 2].check("a", 50)
        except Problem as problem:
            waits.append(problem.headers["Retry-After"])
        else:
            passed += 1
    most = 50 + 50 * (time.monotonic() - began) + 1
    assert 50 <= passed <= most and set(waits) == {"1"}
    await servers[0].check("b", 50)  # another's is apart
    await servers[0].check("a", 0)  # no limit
