"""Asking for a customer to be forgotten, seeing that it was done, and saying what is left."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from redis.exceptions import RedisError

from scoring.events.schema import IDENTITIES
from streams.clock import monotonic, now_ms
from streams.erasure import is_erased, note_asked
from streams.kafka.clients import admin, consumer, producer
from streams.kafka.names import Names
from streams.kafka.place import partition_of
from streams.kafka.topics import partition_counts

if TYPE_CHECKING:
    from streams.settings import Settings


class NoTopic(Exception):
    """The topic to write to is not there; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Left:
    """A topic with records of the customer, perhaps. `retention` in ms, -1: without end, None: the broker does not say."""

    topic: str
    holds: str
    retention: int | None


async def join(settings: Settings, customer_id: str, anonymous_id: str) -> None:
    """Says that `anonymous_id` is `customer_id`; returns when the broker has it. Raises KafkaError, NoTopic."""
    await _tell(settings, {"customer_id": customer_id, "anonymous_id": anonymous_id, "ts": now_ms()})


async def forget(settings: Settings, redis: Any, customer_id: str, wait: float) -> tuple[bool, bool]:
    """(a worker has done it within `wait` seconds or before; Redis knows it). Raises KafkaError, NoTopic."""
    names, key = Names(settings.app_id, settings.topic_prefix), customer_id.encode()
    before = False
    try:
        before = await is_erased(redis, settings, customer_id)
    except (RedisError, OSError):
        pass
    ts = now_ms()
    place = TopicPartition(names.departures, partition_of(key, settings.partitions))
    told = {"customer_id": customer_id, "forget": True, "ts": ts}
    done = await _seen(settings, place, key, lambda: _tell(settings, told), 0.0 if before else wait)
    try:
        await note_asked(redis, settings, customer_id, ts)  # at once: mails may wait
    except (RedisError, OSError):
        return done or before, False
    return done or before, True


async def _tell(settings: Settings, value: dict[str, Any]) -> None:
    topic = Names(settings.app_id, settings.topic_prefix).inputs[IDENTITIES]
    client = admin(settings)
    await client.start()
    try:
        count = (await partition_counts(client)).get(topic)
    finally:
        await client.close()
    if not count:
        raise NoTopic(f"there is no topic {topic}: start a worker of this release once, which makes it")
    key = str(value["customer_id"]).encode()
    sender = producer(settings)
    await sender.start()
    try:
        await sender.send_and_wait(topic, json.dumps(value).encode(), key, partition_of(key, count))
    finally:
        await sender.stop()


async def _seen(settings: Settings, place: TopicPartition, key: bytes, tell: Callable[[], Awaitable[None]], wait: float) -> bool:
    """Tells, and waits until the notice of a worker comes."""
    reader = consumer(settings, auto_offset_reset="latest", fetch_max_wait_ms=50)
    await reader.start()
    try:
        reader.assign([place])
        await reader.seek_to_end(place)
        await reader.position(place)
        await tell()
        until = monotonic() + wait
        while monotonic() < until:
            for records in (await reader.getmany(timeout_ms=100)).values():
                if any(record.key == key and json.loads(record.value)["why"] == "erasure" for record in records):
                    return True
        return False
    finally:
        await reader.stop()


async def left(settings: Settings) -> list[Left]:
    """Where records of a forgotten customer stay, and how long. Raises KafkaError."""
    names = Names(settings.app_id, settings.topic_prefix)
    holds = dict.fromkeys(names.inputs, "events as they came in")
    holds |= {
        names.handovers: "facts and events of ids that were joined",
        names.changes: "changes told",
        names.messages: "messages decided, with the address",
        names.withdrawals: "messages taken back",
        names.departures: "that the id left",
        names.dead_letters: "events that were refused, and mails that failed",
        names.changelog: "former states, until compaction has come by",
    }
    client = admin(settings)
    await client.start()
    try:
        there = await partition_counts(client)
        kept = await _retention(client, [name for name in holds if name in there])
    finally:
        await client.close()
    return [Left(name, what, kept.get(name)) for name, what in holds.items() if name in there]


async def _retention(client: Any, topics: list[str]) -> dict[str, int]:
    try:
        answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in topics])
    except (KafkaError, IncompatibleBrokerVersion, NotImplementedError):
        return {}
    found = {}
    for answer in answers:
        for resource in answer.resources:
            config = {entry[0]: entry[1] for entry in resource[4] or ()}
            if (kept := config.get("retention.ms")) is not None:
                found[resource[3]] = int(kept)
    return found
