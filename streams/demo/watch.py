"""Looks at what comes out: changes, decisions and dead letters on Kafka, mails in the mailbox, the live view, the worker's counters."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import aiohttp
import msgspec
from aiokafka import TopicPartition
from redis.exceptions import RedisError

from scoring.segments.read import read as read_definitions
from streams.agents.reach import redis_of
from streams.clock import monotonic
from streams.demo.figures import Figures, Mail
from streams.embedded import Mailbox
from streams.embedded.mailbox import read
from streams.kafka import clients
from streams.kafka.names import Names
from streams.settings import Settings
from streams.sinks.live_view import LiveView, names

EVERY = 0.25


async def records(settings: Settings, figures: Figures) -> None:
    """Counts what the worker writes, until cancelled. The topics must be there. Raises KafkaError."""
    names = Names(settings.app_id, settings.topic_prefix)
    consumer = clients.consumer(settings, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(
            [TopicPartition(topic, n) for topic in (names.changes, names.messages, names.dead_letters) for n in range(settings.partitions)]
        )
        while True:
            for tp, found in (await consumer.getmany(timeout_ms=200, max_records=5000)).items():
                if tp.topic == names.dead_letters:
                    figures.dead_letters += len(found)
                    continue
                for record in found:
                    _count(figures, tp.topic == names.changes, msgspec.json.decode(record.value))
    finally:
        await consumer.stop()


def _count(figures: Figures, is_change: bool, value: dict[str, str]) -> None:
    if is_change:
        figures.changes[value["kind"], value["segment"]] += 1
        figures.last_changes.append(value)
    elif value["decision"] != "send":
        figures.not_sent[value["reason"] or value["decision"]] += 1


async def mails(mailbox: Mailbox, figures: Figures) -> None:
    """Counts mails as they come, until cancelled."""
    seen: set[str] = set()
    while True:
        new = [path for path in mailbox.paths() if path.name not in seen]
        for path in new:
            seen.add(path.name)
            mail = read(path)
            campaign = str(mail["X-Gedrag-Campaign"])
            figures.mails[campaign] += 1
            figures.last_mails.append(Mail(len(seen), campaign, str(mail["X-Gedrag-Step"]), str(mail["To"]), str(mail["Subject"])))
            await asyncio.sleep(0)
        await asyncio.sleep(EVERY)


async def live_view(settings: Settings, figures: Figures) -> None:
    """Reads the table of segments from Redis, until cancelled."""
    definitions = read_definitions(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    counted = names(definitions)
    client = redis_of(settings)
    view = LiveView(client, settings.app_id)
    try:
        while True:
            with suppress(RedisError, OSError):
                figures.segments = await view.counts(counted, definitions.robots)
            await asyncio.sleep(EVERY)
    finally:
        await client.aclose()


async def worker(settings: Settings, figures: Figures) -> None:
    """Reads the worker's counters from its health page, until cancelled."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, json.JSONDecodeError):
                async with session.get(f"http://{settings.web}/health") as answer:
                    figures.worker = await answer.json()
            figures.look(monotonic())
            await asyncio.sleep(EVERY)
