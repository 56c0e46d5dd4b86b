"""Sending an endpoint again what it may have lost: the changes put on the topic since an instant, from the topic, with the same ids.

Each customer's in order, many customers at once. An endpoint that doesn't take one after some tries ends it, and it is said from where to
go on. How far the live feed is stays as it is: a change of today may come before one of yesterday that is sent again, and a receiver that
knows an id has it already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.agents.reach import redis_of
from streams.agents.webhooks import change
from streams.agents.webhooks.forgotten import Erased, forgotten
from streams.clock import now_ms
from streams.kafka import clients
from streams.kafka.names import Names
from streams.sinks.backoff import Backoff
from streams.sinks.reachable import networks
from streams.sinks.webhook import Endpoint, Gone, Poster, Undelivered, Webhook

if TYPE_CHECKING:
    from streams.settings import Settings

#: Records read and sent together, and how often one is tried.
_PORTION = 500
_TRIES = 6


class Stopped(Exception):
    """An endpoint didn't take one: which, why, and `since`: when the earliest of those it may lack was put on the topic (epoch ms)."""

    def __init__(self, endpoint: str, why: str) -> None:
        super().__init__(f"{endpoint}: {why}")
        self.endpoint = endpoint
        self.why = why
        self.since = 0


@dataclass(slots=True)
class Count:
    """`read` of `total` changes; `sent` by endpoint."""

    total: int
    read: int
    sent: dict[str, int]


async def replay(settings: Settings, endpoints: tuple[Endpoint, ...], since: int, tell: Callable[[Count], None]) -> Count:
    """`since` in epoch ms. Up to what is on the topic now. Raises Stopped, KafkaError, redis.RedisError, OSError."""
    changes = Names(settings.app_id, settings.topic_prefix).changes
    places = [TopicPartition(changes, number) for number in range(settings.partitions)]
    posters = [Poster(each, networks(settings.webhook_networks)) for each in endpoints]
    consumer, redis = clients.consumer(settings, fetch_max_wait_ms=100), redis_of(settings)
    erased = forgotten(redis, settings)
    try:
        await consumer.start()
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found = await consumer.offsets_for_times(dict.fromkeys(places, since))
        begin = {place: ends[place] if found.get(place) is None else found[place].offset for place in places}
        for place, offset in begin.items():
            consumer.seek(place, offset)
        count = Count(sum(ends[place] - begin[place] for place in places), 0, {each.name: 0 for each in endpoints})
        left = {place: since for place in places if begin[place] < ends[place]}  # and when what was sent last was put there
        while left:
            records = [each for each in await _some(consumer, set(left)) if each.offset < ends[TopicPartition(each.topic, each.partition)]]
            try:
                pairs = zip(endpoints, posters, strict=True)
                await asyncio.gather(*(_portion(each, poster, records, count, erased) for each, poster in pairs))
            except Stopped as stopped:
                stopped.since = min(left.values())
                raise
            left |= {TopicPartition(each.topic, each.partition): each.timestamp for each in records}
            count.read += len(records)
            tell(count)
            left = {place: newest for place, newest in left.items() if await consumer.position(place) < ends[place]}
        return count
    finally:
        await consumer.stop()
        await redis.aclose()
        for poster in posters:
            await poster.close()


async def _some(consumer: AIOKafkaConsumer, places: set[TopicPartition]) -> list[Any]:
    found = await consumer.getmany(*places, timeout_ms=500, max_records=_PORTION)
    return [record for records in found.values() for record in records]


async def _portion(endpoint: Endpoint, poster: Poster, records: list[Any], count: Count, erased: Erased) -> None:
    """Raises Stopped."""
    customers: dict[bytes, list[Webhook]] = {}
    for each in records:
        try:
            record = change.read(each.value)
        except change.NotAChange:
            continue
        if change.takes(endpoint, record) and not await erased(record):
            customers.setdefault(each.key or b"", []).append(change.webhook(record, each.value))
    waiting = iter(customers.values())

    async def some() -> None:
        for theirs in waiting:
            for webhook in theirs:
                await _insist(endpoint, poster, webhook)
                count.sent[endpoint.name] += 1

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(endpoint.in_flight):
                tasks.create_task(some())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


async def _insist(endpoint: Endpoint, poster: Poster, webhook: Webhook) -> None:
    backoff = Backoff(1.0, 30.0)
    for tried in range(1, _TRIES + 1):
        try:
            await poster.post(webhook, now_ms())
            return
        except Undelivered as error:
            if tried == _TRIES or isinstance(error, Gone):
                raise Stopped(endpoint.name, str(error)) from None
            await asyncio.sleep(max(backoff.next(), min(error.wait, 60.0)))
