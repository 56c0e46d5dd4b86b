"""The message history on real Redis: the newest 100 decisions of 90 days, each once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from redis.asyncio import Redis

from scoring.instants import rfc3339
from streams.agents.history import Historian
from streams.sinks.history import KEPT_MS, Decision, History

DAY = 86_400_000
NOW = 4_000_000_000_000  # later than Redis' own clock will be, so that nothing goes of itself


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def history(redis: Redis, topic_prefix: str) -> History:
    return History(redis, topic_prefix)


def decision(offset: int, at: int, customer: str = "a", written: int = 1) -> Decision:
    return Decision(offset, written, customer, at, json.dumps({"n": offset}).encode())


async def numbers(history: History, customer: str = "a", now: int = NOW) -> list[int]:
    return [each["n"] for each in await history.of(customer, now)]


async def test_the_newest_first_and_each_once(history: History) -> None:
    records = [decision(n, NOW + n) for n in range(6)]
    assert await history.add("messages/0", records[:4]) == 4
    assert await history.add("messages/0", records[2:]) == 2
    assert await history.add("messages/0", records) == 0
    assert await history.add("messages/1", [decision(0, NOW, "b")]) == 1
    assert await numbers(history) == [5, 4, 3, 2, 1, 0] and await numbers(history, "b") == [0]


async def test_no_more_than_100_and_none_older_than_90_days(history: History, redis: Redis, topic_prefix: str) -> None:
    await history.add("messages/0", [decision(n, NOW + n) for n in range(250)])
    assert await numbers(history) == list(range(249, 149, -1))
    await history.add("messages/0", [decision(250, NOW + KEPT_MS + 200)])
    assert (await numbers(history, now=NOW + KEPT_MS + 200))[:2] == [250, 249]
    assert await redis.llen(f"{topic_prefix}:history:a") == 51  # those of before are gone
    assert await numbers(history, now=NOW + 3 * KEPT_MS) == []
    await history.add("messages/0", [decision(251, 1_600_000_000_000, "old")])
    assert await redis.exists(f"{topic_prefix}:history:old") == 0


async def test_a_topic_made_anew_is_read_from_its_beginning(history: History) -> None:
    await history.add("messages/0", [decision(n, NOW, written=1_000) for n in range(5)])
    assert await history.add("messages/0", [decision(0, NOW, written=70_000), decision(1, NOW, written=70_000)]) == 2


async def test_what_is_kept_of_a_record_names_no_address(history: History, topic_prefix: str) -> None:
    record = {
        "message_id": "m1", "customer_id": "a", "campaign": "cart", "step": 1, "variant": "b", "template": "cart_1", "decision": "send",
        "reason": "", "at": rfc3339(NOW), "change_id": "x", "to": "kim@example.org", "language": "nl",
        "context": {"first_name": "Kim"}, "detected_at": rfc3339(NOW),
    }  # fmt: skip
    letters: list[Any] = []

    class Letters:
        async def put(self, message: Any, error: str, detail: str) -> None:
            letters.append((message.offset, error))

    def message(offset: int, value: bytes) -> Any:
        return SimpleNamespace(topic="messages", partition=0, offset=offset, timestamp=1.0, value=value)

    async def erased(customer: str, at: int) -> bool:
        return customer == "forgotten"

    values = [b"{", json.dumps(record).encode(), json.dumps({**record, "customer_id": "forgotten"}).encode(), b"{}"]
    await Historian(history, Letters(), erased).take([message(n, value) for n, value in enumerate(values)])  # type: ignore[arg-type]
    assert letters == [(0, "not_a_message"), (3, "not_a_message")]
    (kept,) = await history.of("a", NOW)
    wanted = ("message_id", "customer_id", "campaign", "step", "variant", "template", "decision", "at", "change_id")
    assert kept == {name: record[name] for name in wanted}
    assert await history.of("forgotten", NOW) == []
