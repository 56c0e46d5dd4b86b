"""Finding the worker that has a state: two workers on real Redis and HTTP, partitions that move, secrets that differ."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from redis.asyncio import Redis

from scoring.engine import Engine
from scoring.events.schema import PageView
from scoring.segments.read import read
from scoring.state import encode
from streams.customers import changelog
from streams.customers.partition import Partition
from streams.embedded.process import free_port
from streams.kafka.place import partition_of
from streams.lookup.announce import key_of, reachable
from streams.lookup.answer import Answers
from streams.lookup.ask import Moving, Workers
from streams.settings import Settings
from streams.settings.load import load
from streams.web import Web

ENGINE = Engine(read('[[segment]]\nname = "seen"\nfamily = "other"\nwhen = "page_views >= 1"\n'))
NOW = 1_772_000_000_000


def partition(number: int, *customers: str) -> Partition:
    made = Partition(number, ready=True)
    for customer in customers:
        state = ENGINE.event(None, PageView(customer, NOW), [])
        assert state is not None
        made.states[customer.encode()] = changelog.value(1, state.due, state.definitions, encode(state))
    return made


@dataclass
class Worker:
    """What a worker process serves, without its engine's service: `owned` is what it has."""

    settings: Settings
    owned: dict[int, Partition] = field(default_factory=dict)

    async def __aenter__(self) -> Worker:
        self.answers = Answers(self.settings, ENGINE, lambda: self.owned, lambda: self.web.address)
        self.web = Web(f"127.0.0.1:{free_port()}", ["customers"], lambda: (True, {}), wanted=True, routes=self.answers.routes)
        await self.web.start()
        await self.answers.announcer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.answers.announcer.stop()
        await self.web.stop()


@pytest.fixture
def settings(redis_url: str, topic_prefix: str) -> Settings:
    return load(overrides={"redis": redis_url, "app_id": topic_prefix + "g", "partitions": "4"}, environ={})


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


def named(number: int) -> str:
    """A customer of that partition."""
    return next(name for name in (f"c{n}" for n in range(100)) if partition_of(name.encode(), 4) == number)


async def announced(redis: Redis, settings: Settings, number: int, address: str) -> None:
    async with asyncio.timeout(10):
        while await redis.get(key_of(settings.app_id, number)) != address.encode():
            await asyncio.sleep(0.02)


async def test_the_right_worker_is_asked_and_a_partition_that_moves_is_followed(settings: Settings, redis: Redis) -> None:
    who, other = named(1), named(2)
    async with Worker(settings, {1: partition(1, who)}) as a, Worker(settings, {2: partition(2)}) as b, Workers(redis, settings) as workers:
        await announced(redis, settings, 1, a.web.address)
        await announced(redis, settings, 2, b.web.address)
        found = await workers.customer(who)
        assert found is not None and found.state.first_seen == NOW and found.state.definitions == ENGINE.fingerprint
        assert (await workers.engine(who, found.state.definitions)).fingerprint == ENGINE.fingerprint
        assert await workers.customer(other) is None
        b.owned[1] = a.owned.pop(1)  # the address known so far is wrong now
        assert await workers.customer(who) is not None
        await announced(redis, settings, 1, b.web.address)


async def test_without_an_owner_it_says_why(settings: Settings, redis: Redis) -> None:
    who = named(1)
    async with Workers(redis, settings) as workers:
        with pytest.raises(Moving, match="no worker has partition 1 now"):
            await workers.customer(who)
        async with Worker(settings, {1: partition(1, who)}) as a:
            await announced(redis, settings, 1, a.web.address)
            assert await workers.customer(who) is not None
            with pytest.raises(Moving, match="taken over to new definitions"):
                await workers.engine(who, 12345)
            await redis.set(key_of(settings.app_id, 1), a.web.address, px=60_000)
            a.owned.clear()
            with pytest.raises(Moving, match="partition 1"):
                await workers.customer(who)
        await redis.set(key_of(settings.app_id, 1), f"127.0.0.1:{free_port()}", px=60_000)
        workers._addresses.clear()
        with pytest.raises(Moving, match="does not answer at .*setting web"):
            await workers.customer(who)


async def test_an_announcement_goes_with_the_worker(settings: Settings, redis: Redis) -> None:
    async with Worker(settings, {1: partition(1), 3: partition(3)}) as a:
        await announced(redis, settings, 1, a.web.address)
        await announced(redis, settings, 3, a.web.address)
        assert 0 < await redis.pttl(key_of(settings.app_id, 3)) <= 8000
    assert await redis.exists(key_of(settings.app_id, 1), key_of(settings.app_id, 3)) == 0


async def test_only_who_has_the_internal_token_is_told(settings: Settings, redis: Redis) -> None:
    who = named(1)
    async with Worker(settings, {1: partition(1, who)}) as a, aiohttp.ClientSession() as session:
        await announced(redis, settings, 1, a.web.address)
        for headers in ({}, {"X-Gedrag-Internal-Token": "guess"}, {"X-Gedrag-Internal-Token": ""}):
            for path in (f"customers/{who}", f"definitions/{ENGINE.fingerprint:08x}"):
                async with session.get(f"http://{a.web.address}/internal/{path}", headers=headers) as answer:
                    assert (answer.status, await answer.read()) == (401, b"")
        other = load(overrides={"redis": settings.redis, "app_id": settings.app_id, "partitions": "4"},
                     environ={"GEDRAG_INTERNAL_TOKEN": "another one"})  # fmt: skip
        async with Workers(redis, other) as workers:
            with pytest.raises(Moving, match="refuses the internal token; is internal_token the same for all"):
                await workers.customer(who)


def test_where_others_reach_it() -> None:
    assert reachable("10.1.2.3:6066", "redis://localhost/0") == "10.1.2.3:6066"
    assert reachable("0.0.0.0:6066", "redis://127.0.0.1:6379/0") == "127.0.0.1:6066"
