"""The topics Gedrag reads and writes: made at start with the right partitions and settings, checked where they exist."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, NoError, TopicAlreadyExistsError, for_code

from streams.kafka.clients import admin
from streams.kafka.errors import Fatal, Misconfigured
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings

DAY = 86_400_000
#: Longer than a worker may be stopped and go on: until then compaction leaves records that recovery must see.
MIN_COMPACTION_LAG = 3_600_000
#: How long, and an hour or so more, former states stay in the changelog: those of a forgotten customer too.
FORMER_STATES = DAY
#: Records of the changelog and dead letters (an input and what we say of it) may be larger than Kafka's default of 1 MB.
LARGEST = 8_000_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    config: dict[str, str] = field(default_factory=dict)


def topics(settings: Settings) -> list[Topic]:
    """Every topic of ours: all with the same number of partitions, a customer's records in the same one everywhere."""
    names = Names(settings.app_id, settings.topic_prefix)
    kept = {"cleanup.policy": "delete", "retention.ms": str(settings.retention)}
    return [
        *(Topic(name, kept) for name in names.inputs if name != names.handovers),
        Topic(names.handovers, {**kept, "max.message.bytes": str(LARGEST)}),
        Topic(names.catalog, {"cleanup.policy": "compact", "retention.ms": "-1"}),
        Topic(names.products, {"cleanup.policy": "compact", "retention.ms": "-1"}),
        Topic(names.departures, kept),
        Topic(names.changes, kept),
        Topic(names.messages, kept),
        Topic(names.withdrawals, kept),
        Topic(names.dead_letters, {**kept, "retention.ms": str(max(settings.retention, 30 * DAY)), "max.message.bytes": str(LARGEST)}),
        Topic(
            names.changelog,
            {
                "cleanup.policy": "compact",
                "retention.ms": "-1",
                "min.compaction.lag.ms": str(MIN_COMPACTION_LAG),
                "max.compaction.lag.ms": str(FORMER_STATES),
                "min.cleanable.dirty.ratio": "0.3",
                "max.message.bytes": str(LARGEST),
            },
        ),
    ]


async def prepare(settings: Settings) -> None:
    """Makes the topics that are missing and checks the others. Raises Misconfigured, KafkaError."""
    client = admin(settings)
    await client.start()
    try:
        wanted = topics(settings)
        check_partitions(await partition_counts(client), [topic.name for topic in wanted], settings.partitions)
        await _create(client, wanted, settings)
        await _check_changelog(client, Names(settings.app_id, settings.topic_prefix).changelog)
    finally:
        await client.close()


def check_partitions(found: dict[str, int], wanted: list[str], partitions: int) -> None:
    """Raises Misconfigured naming the topics that exist with another number of partitions than the setting says."""
    differing = {name: found[name] for name in wanted if name in found and found[name] != partitions}
    if not differing:
        return
    said = ", ".join(f"{name} has {count}" for name, count in differing.items())
    counts = {found[name] for name in wanted if name in found}
    if len(counts) == 1:
        remedy = f"set partitions = {counts.pop()}"
    else:
        remedy = (
            "all of them need the same number. Topics without events: make those that differ anew with it, and set partitions accordingly. "
            f"Where partitions were added to topics with events: {way_to_more(max(counts))}"
        )
    raise Misconfigured(f"the setting partitions is {partitions}, but {said}: {remedy}")


def way_to_more(partitions: int) -> str:
    """What to do to have more partitions: added to topics with events, they would send a customer's later events elsewhere."""
    return (
        f"have topics with {partitions} partitions under another topic_prefix, copy the events to them by key "
        f"(examples/more_partitions.py), and start with that topic_prefix, partitions = {partitions} and another app_id"
    )


def check_growth(found: dict[str, int], partitions: int) -> None:
    """Raises Fatal naming the topics that were given more partitions while the worker reads them."""
    grown = {name: count for name, count in found.items() if count > partitions}
    if grown:
        said = ", ".join(f"{name} has {count}" for name, count in grown.items())
        raise Fatal(
            f"{said} partitions now, and had {partitions}: a customer's events may have begun to go to another partition, where nothing is "
            f"known of it. To put that right, {way_to_more(max(grown.values()))}"
        )


async def partition_counts(client: AIOKafkaAdminClient) -> dict[str, int]:
    """Partition count of every topic there is. Asking for all of them makes none, as asking by name would."""
    return {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics() if topic["error_code"] == 0}


async def _create(client: AIOKafkaAdminClient, wanted: list[Topic], settings: Settings) -> None:
    there = await partition_counts(client)
    missing = [topic for topic in wanted if topic.name not in there]
    if not missing:
        return
    new = [NewTopic(topic.name, settings.partitions, settings.replication, topic_configs=topic.config) for topic in missing]
    response = await client.create_topics(new)
    for name, code, *said in response.topic_errors:
        error = for_code(code)
        if error not in (NoError, TopicAlreadyExistsError):  # another worker may have been first
            detail = next((text for text in said if text), None) or error.description
            raise Misconfigured(
                f"topic {name} could not be made: {detail}. Make it by hand, or put the settings partitions and replication right"
            )
    log.info("topics made", topics=[topic.name for topic in missing], partitions=settings.partitions)
    await _wait_until_there(client, wanted, settings.partitions)


async def _wait_until_there(client: AIOKafkaAdminClient, wanted: list[Topic], partitions: int) -> None:
    """A new topic may take a moment to be known with leaders for all its partitions."""
    for _ in range(100):
        led = {
            topic["topic"]: sum(part["leader"] >= 0 for part in topic["partitions"])
            for topic in await client.describe_topics()
            if topic["error_code"] == 0
        }
        if all(led.get(topic.name) == partitions for topic in wanted):
            return
        await asyncio.sleep(0.1)
    raise Misconfigured("topics were made, but not all of their partitions have a leader: see to the brokers and start again")


async def _check_changelog(client: AIOKafkaAdminClient, name: str) -> None:
    """A changelog that forgets by time would forget customers. Brokers that can't describe it are not asked twice."""
    try:
        responses = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    except (KafkaError, IncompatibleBrokerVersion, NotImplementedError) as error:
        log.debug("the changelog's settings could not be read", topic=name, error=repr(error))
        return
    for response in responses:
        for resource in response.resources:
            policy = {entry[0]: entry[1] for entry in resource[4] or ()}.get("cleanup.policy")
            if policy is not None and "delete" in policy:
                raise Misconfigured(
                    f"{name} has cleanup.policy={policy}, so customers would be forgotten: "
                    f"kafka-configs --alter --topic {name} --add-config cleanup.policy=compact"
                )
