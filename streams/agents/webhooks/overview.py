"""How the endpoints stand, seen from outside the worker, and closing and opening them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from scoring.instants import rfc3339
from streams.agents.reach import reach_redis, redis_of
from streams.agents.webhooks.start import group
from streams.kafka import clients
from streams.kafka.names import Names
from streams.sinks.webhook import Endpoint
from streams.sinks.webhook_notes import WebhookNotes

if TYPE_CHECKING:
    from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class State:
    """`word`: active, failing, paused, disabled or dead; `since` and `delivered_at`: epoch ms, 0 for none; `waiting`: changes on the topic
    that it isn't done with (some of them may not be for it), None where Kafka doesn't say, or there is no such topic yet."""

    word: str
    since: int
    why: str
    delivered_at: int
    waiting: int | None

    def as_json(self) -> dict[str, Any]:
        instants = {"since": self.since, "last_taken": self.delivered_at}
        return {
            "state": self.word, "why": self.why, "waiting": self.waiting,
            **{name: rfc3339(ms) if ms else None for name, ms in instants.items()},
        }  # fmt: skip


async def states(settings: Settings, endpoints: tuple[Endpoint, ...]) -> list[State]:
    """In the endpoints' order. Raises Misconfigured, redis.RedisError, OSError."""
    await reach_redis(settings)
    redis = redis_of(settings)
    found = []
    try:
        for each in endpoints:
            health = await WebhookNotes(redis, settings.app_id, each.name).health()
            since, why = (health.closed_at, health.closed_why) if health.closed else (health.failing_since, health.failing_why)
            found.append(State(health.word, since, why, health.delivered_at, await _waiting(settings, each.name)))
    finally:
        await redis.aclose()
    return found


async def _waiting(settings: Settings, endpoint: str) -> int | None:
    changes = Names(settings.app_id, settings.topic_prefix).changes
    places = [TopicPartition(changes, number) for number in range(settings.partitions)]
    consumer = clients.consumer(settings, group_id=group(settings, endpoint))
    try:
        await consumer.start()
        if changes not in await consumer.topics():
            return None
        done = {place: await consumer.committed(place) for place in places}
        ends = await consumer.end_offsets(places)
    except (KafkaError, OSError):
        return None
    finally:
        await consumer.stop()
    return sum(int(max(ends[place] - offset, 0)) for place, offset in done.items() if offset is not None)


async def close(settings: Settings, endpoint: str, now: int) -> None:
    """By hand. Raises Misconfigured, redis.RedisError, OSError."""
    await reach_redis(settings)
    redis = redis_of(settings)
    try:
        await WebhookNotes(redis, settings.app_id, endpoint).close("paused", "by hand", now)
    finally:
        await redis.aclose()


async def open(settings: Settings, endpoint: str) -> str:
    """How it stood, in one word; closed or failing, it is tried at once. Raises Misconfigured, redis.RedisError, OSError."""
    await reach_redis(settings)
    redis = redis_of(settings)
    notes = WebhookNotes(redis, settings.app_id, endpoint)
    try:
        was = (await notes.health()).word
        await notes.open()
        return was
    finally:
        await redis.aclose()
