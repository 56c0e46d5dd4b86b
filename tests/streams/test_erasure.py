"""Who was forgotten, as Redis knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from streams.agents.departures import Departures
from streams.clock import now_ms
from streams.erasure import is_erased, note_asked, note_back, note_erased, sweep
from streams.settings import Settings
from streams.sinks.claims import Claims, Outcome
from streams.sinks.handovers import HandOvers
from streams.sinks.history import Decision, History

DAY = 86_400_000


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
    await note_asked(redis, settings, "kim", 900)
    assert await is_erased(redis, settings, "kim") and not await is_erased(redis, settings, "lee")
    assert await is_erased(redis, settings, "kim", at=5_000), "no worker has come to it: what is decided meanwhile doesn't go"
    await note_erased(redis, settings, "kim", 1_000)
    assert await is_erased(redis, settings, "kim") and await is_erased(redis, settings, "kim", at=1_000)
    await note_back(redis, settings, "kim", 2_000)
    assert not await is_erased(redis, settings, "kim")
    assert await is_erased(redis, settings, "kim", at=1_999), "what was decided before stays forbidden"
    assert not await is_erased(redis, settings, "kim", at=2_000)
    assert b"kim" not in repr(await redis.hgetall(f"{settings.app_id}:erased")).encode()


async def test_what_is_decided_after_a_worker_forgot_them_is_of_who_is_back_though_nobody_has_noted_that_yet(
    redis: Redis, settings: Settings
) -> None:
    """Changes and mails of who came back may overtake the notice that says so, which comes by another topic."""
    for ask in (note_asked, note_erased):
        await ask(redis, settings, "kim", 1_000)
    await note_erased(redis, settings, "kim", 1_000)
    assert not await is_erased(redis, settings, "kim", at=1_001)
    await note_asked(redis, settings, "kim", 3_000)
    assert await is_erased(redis, settings, "kim", at=4_000), "asked for again"
    await note_erased(redis, settings, "kim", 1_000)
    assert await is_erased(redis, settings, "kim", at=4_000), "an old notice, read again, is not the answer to it"
    await note_erased(redis, settings, "kim", 3_200)
    assert await is_erased(redis, settings, "kim", at=3_200) and not await is_erased(redis, settings, "kim", at=3_201)


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


async def test_a_mail_server_answers_with_the_address_which_goes_too(redis: Redis, settings: Settings) -> None:
    claims = Claims(redis, settings.app_id)
    value = b'{"customer_id":"kim","message_id":"m1","campaign":"cart","step":1,"decision":"send","at":"2026-03-01T11:00:00.000Z"}'
    await History(redis, settings.app_id).add("messages/0", [Decision(1, 1, "kim", now_ms(), value)])
    await claims.refused("m1", 5, "messages/0/1", "mail_bounced: 550 <kim@example.org> is nobody here")
    await sweep(redis, settings, "kim")
    (outcome,) = await claims.outcomes(["m1"])
    assert outcome == Outcome("refused", 5, "", "messages/0/1"), "it stays refused, and where"
    assert 0 < await redis.ttl(f"{settings.app_id}:mail:m1")


async def test_the_mails_of_an_id_that_is_joined_are_the_customers(redis: Redis, settings: Settings) -> None:
    history, caps = History(redis, settings.app_id), HandOvers(redis, settings.app_id, [(1, DAY), (9, 7 * DAY)])
    now = now_ms()

    def decisions(first: int, *instants: int, customer: str) -> list[Decision]:
        return [Decision(first + n, 1, customer, now + at, b'{"at":%d}' % at) for n, at in enumerate(instants)]

    await history.add("messages/0", decisions(0, -90, -70, -50, customer="anon"))
    await history.add("messages/0", decisions(3, *range(-89, 11), customer="kim"))
    await caps.room("anon", "m1", now - 1_000)
    await caps.room("kim", "m2", now - 2 * DAY)
    agent = Departures(redis, settings, _Letters())  # type: ignore[arg-type]
    notice = _Message(b'{"customer_id": "anon", "why": "merge", "into": "kim", "at": "2026-03-01T11:00:00Z"}')
    await agent.take([notice])
    await agent.take([notice])
    found = [each["at"] for each in await history.of("kim", now)]
    assert found == sorted([*range(-89, 11), -70, -50], reverse=True)[:100], "the newest 100 of both"
    assert await history.of("anon", now) == [] and not await redis.exists(f"{settings.app_id}:mailed:anon")
    assert await caps.room("kim", "m3", now) == DAY - 1_000, "what the visitor got counts"
    assert await redis.pttl(f"{settings.app_id}:mailed:kim") > 6 * DAY and await redis.pttl(f"{settings.app_id}:history:kim") > 89 * DAY
    await history.add("withdrawals/0", decisions(0, 20, customer="anon"))
    await agent.take([notice])
    assert (await history.of("kim", now))[0]["at"] == 20, "what came under the old name afterwards follows"


class _Message:
    topic, partition, offset, key, timestamp, headers = "departures", 0, 7, b"kim", 1.0, ()

    def __init__(self, value: bytes) -> None:
        self.value = value


class _Letters:
    def __init__(self) -> None:
        self.put_in: list[str] = []

    async def put(self, message: object, error: str, detail: str) -> None:
        self.put_in.append(error)


async def test_the_agent_marks_and_sweeps_and_lets_back_in(redis: Redis, settings: Settings) -> None:
    letters = _Letters()
    agent = Departures(redis, settings, letters)  # type: ignore[arg-type]
    await redis.lpush(f"{settings.app_id}:history:kim", "1 {}")
    told = b'{"customer_id": "kim", "why": "%s", "into": null, "at": "%s"}'
    await agent.take([_Message(told % (b"erasure", b"2026-03-01T11:00:00Z"))])
    assert await is_erased(redis, settings, "kim") and not await redis.exists(f"{settings.app_id}:history:kim")
    await agent.take([_Message(told % (b"return", b"2026-03-01T12:00:00Z")), _Message(b"?"), _Message(told % (b"nonsense", b"now"))])
    assert not await is_erased(redis, settings, "kim")
    assert letters.put_in == ["not_a_departure", "not_a_departure"]
