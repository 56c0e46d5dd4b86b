"""The live view built again and checked, on real Kafka and Redis, while changes go on coming."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from redis.asyncio import Redis

from scoring.instants import rfc3339
from streams.agents.live_view import change_of
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.settings.load import load
from streams.sinks.live_view import LiveView
from streams.view.check import Verdict, check
from streams.view.reading import Changes
from streams.view.rebuild import rebuild
from tests import parts

PARTITIONS = 2
TIERS = ["high", "low"]


@dataclass
class Shop:
    """Writes changes to the topic, and takes them in as the worker does, by any batches, some of them twice."""

    settings: Settings
    producer: AIOKafkaProducer
    redis: Redis
    dice: random.Random = field(default_factory=lambda: random.Random(3))
    inside: set[tuple[str, str]] = field(default_factory=set)
    tier: dict[str, str] = field(default_factory=dict)
    records: dict[int, list[bytes]] = field(default_factory=lambda: {n: [] for n in range(PARTITIONS)})
    taken: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(PARTITIONS), 0))
    at: int = 1_772_000_000_000

    @property
    def topic(self) -> str:
        return self.settings.topic_prefix + "segment-changes"

    async def happens(self, count: int) -> None:
        for _ in range(count):
            number = self.dice.randrange(PARTITIONS)
            customer = f"{number}-{self.dice.randrange(60)}"
            for value in self._change(customer):
                self.records[number].append(value)
                await self.producer.send(self.topic, value, customer.encode(), number)
        await self.producer.flush()

    def _change(self, customer: str) -> list[bytes]:
        self.at += self.dice.randrange(2)
        roll = self.dice.random()
        if roll < 0.05:  # forgotten, or joined to another id
            out = [self._json(customer, "exited", name, cause="merge") for who, name in sorted(self.inside) if who == customer]
            self.inside -= {(customer, name) for name in ("cart", "buyer")}
            if tier := self.tier.pop(customer, None):
                out.append(self._json(customer, "moved", "engagement", cause="merge", come_from=tier))
            return out
        if roll < 0.1 and customer in self.tier:  # of a group that is for some: in none of its tiers any more
            return [self._json(customer, "moved", "engagement", come_from=self.tier.pop(customer))]
        if roll < 0.4:
            come_from, self.tier[customer] = self.tier.get(customer), (to := self.dice.choice(TIERS))
            return [self._json(customer, "moved", "engagement", to, come_from=come_from)]
        name = self.dice.choice(["cart", "buyer"])
        kind = "exited" if (customer, name) in self.inside else "entered"
        self.inside ^= {(customer, name)}
        return [self._json(customer, kind, name)]

    def _json(
        self, customer: str, kind: str, segment: str, to: str | None = None, cause: str = "event", come_from: str | None = None
    ) -> bytes:
        record = {"customer_id": customer, "segment": segment, "kind": kind, "from": come_from, "to": to}
        return json.dumps(record | {"at": rfc3339(self.at), "cause": cause}).encode()

    async def take_in(self, part: float = 1.0) -> None:
        view = LiveView(self.redis, self.settings.app_id)
        for number, records in self.records.items():
            end = self.taken[number] + int((len(records) - self.taken[number]) * part)
            while self.taken[number] < end:
                start = max(0, self.taken[number] - self.dice.randrange(20))
                stop = min(end, start + self.dice.randrange(20, 90))
                found = [change_of(records[offset], offset, 1) for offset in range(start, stop)]
                await view.apply(f"{self.topic}/{number}", found)
                self.taken[number] = max(self.taken[number], stop)

    async def check(self) -> Verdict:
        return await check(self.settings, self.redis, lambda done, total: None)

    async def rebuild(self, **options: bool) -> int:
        return await rebuild(self.settings, self.redis, lambda done, total: None, **options)


@pytest.fixture
async def shop(kafka: parts.Kafka, redis_url: str, topic_prefix: str) -> AsyncIterator[Shop]:
    settings = load(overrides={"broker": kafka.address, "redis": redis_url, "app_id": topic_prefix + "g", "topic_prefix": topic_prefix,
                               "partitions": str(PARTITIONS)}, environ={})  # fmt: skip
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(topic_prefix + "segment-changes", PARTITIONS, 1)])
    await admin.close()
    producer, redis = AIOKafkaProducer(bootstrap_servers=kafka.address), Redis.from_url(redis_url)
    await producer.start()
    yield Shop(settings, producer, redis)
    await producer.stop()
    await redis.aclose()


async def test_the_view_equals_the_changes_and_a_rebuild_while_more_of_them_come(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.view.rebuild.LINGERS", 0.3)
    await shop.happens(1500)
    await shop.take_in(0.7)
    verdict = await shop.check()
    assert (verdict.differences, verdict.gone) == ([], 0) and verdict.behind > 100
    await shop.take_in()
    verdict = await shop.check()
    before = await LiveView(shop.redis, shop.settings.app_id).counts(["cart", "buyer", "engagement.high"])
    assert (verdict.behind, verdict.customers) == (0, before.customers), "who was joined or forgotten is none of them"

    # The worker goes on while it is built, and goes on in the new one.
    building = asyncio.create_task(shop.rebuild())
    while not building.done():
        await shop.happens(40)
        await shop.take_in()
    await building
    view = LiveView(shop.redis, shop.settings.app_id)
    assert await view.generation() == "1"
    await shop.happens(300)
    await shop.take_in()
    verdict = await shop.check()
    assert (verdict.differences, verdict.behind) == ([], 0)
    assert before.customers > 50 and (await view.counts([])).customers > 50
    left = [key async for key in shop.redis.scan_iter(match=f"{shop.settings.app_id}:live:*")]
    assert left == []


async def test_a_view_that_comes_further_at_any_moment_is_not_replaced_by_less(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.view.rebuild.LINGERS", 0.0)
    await shop.happens(300)
    await shop.take_in()
    swap, end_of, asked = LiveView.swap, Changes.end_of, []

    async def more() -> None:
        await shop.happens(60)
        await shop.take_in()

    async def swap_after_more(view: LiveView, *, force: bool = False) -> str:
        if not asked:
            await more()
        return await swap(view, force=force)

    async def end_before_more(topic: Changes, source: str) -> int | None:
        end = await end_of(topic, source)
        asked.append(end)
        await more()
        return end

    monkeypatch.setattr(LiveView, "swap", swap_after_more)
    monkeypatch.setattr(Changes, "end_of", end_before_more)
    await shop.rebuild()
    assert asked
    assert await LiveView(shop.redis, shop.settings.app_id).offsets() == {f"{shop.topic}/{n}": shop.taken[n] - 1 for n in range(PARTITIONS)}
    assert (await shop.check()).differences == []


async def test_a_lost_or_damaged_view_is_told_and_built_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.view.rebuild.LINGERS", 0.0)
    await shop.happens(300)
    await shop.take_in()
    app, redis = shop.settings.app_id, shop.redis
    someone = next(iter(sorted(shop.tier)))
    await redis.hset(f"{app}:live:customer:{someone}", "cart", "5")
    await redis.zrem(f"{app}:live:members:engagement.{shop.tier[someone]}", someone)
    await redis.hset(f"{app}:live:customer:stranger", "", "5")
    verdict = await shop.check()
    said = "\n".join(verdict.differences)
    assert f"{someone}: the view has cart since 5" in said
    assert "stranger: is in the view, and in no change" in said and "engagement." in said
    await shop.rebuild()
    assert (await shop.check()).differences == []
    for key in [key async for key in redis.scan_iter(match=f"{app}:live@*")]:
        await redis.delete(key)
    assert (await shop.check()).behind > 0
    await shop.rebuild()
    assert (await shop.check()).differences == []


async def test_only_one_at_a_time(shop: Shop) -> None:
    await shop.redis.set(f"{shop.settings.app_id}:live-rebuild", "another", px=30_000)
    with pytest.raises(Misconfigured, match="built again already"):
        await shop.rebuild()


@pytest.mark.real_kafka
async def test_after_retention_it_is_not_built_unless_one_insists(shop: Shop, kafka: parts.Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.view.rebuild.LINGERS", 0.0)
    await shop.happens(300)
    await shop.take_in()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.delete_records({TopicPartition(shop.topic, 0): RecordsToDelete(before_offset=50)})
    await admin.close()
    with pytest.raises(Misconfigured, match="50 changes are gone from the topic.*--accept-gap"):
        await shop.rebuild()
    verdict = await shop.check()
    assert (verdict.gone, verdict.differences) == (50, [])
    assert await shop.rebuild(accept_gap=True) > 0
