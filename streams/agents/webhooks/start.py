"""Where an endpoint begins: a new one with the changes from now on, one that was there before where it was.

Kafka forgets the position of a group that nobody was in for a week; what Redis holds of it then says where to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalGenerationError, UnknownMemberIdError
from aiokafka.structs import OffsetAndMetadata
from redis.exceptions import RedisError

from streams.agents.reach import redis_of
from streams.agents.webhooks.ledger import Ledger
from streams.kafka import clients
from streams.kafka.names import Names
from streams.sinks.webhook_notes import WebhookNotes

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)


def group(settings: Settings, endpoint: str) -> str:
    """The consumer group that says how far the endpoint is: its Faust app's id."""
    return f"{settings.app_id}-webhooks-{endpoint}"


async def from_now_on(settings: Settings, endpoint: str) -> None:
    """Notes where to begin for partitions the group has no position in. Raises KafkaError."""
    changes = Names(settings.app_id, settings.topic_prefix).changes
    places = [TopicPartition(changes, number) for number in range(settings.partitions)]
    consumer = clients.consumer(settings, group_id=group(settings, endpoint))
    await consumer.start()
    try:
        fresh = [place for place in places if await consumer.committed(place) is None]
        if not fresh:
            return
        consumer.assign(fresh)
        ends = await consumer.end_offsets(fresh)
        known = await _known(settings, endpoint, consumer, ends)
        await consumer.commit({place: OffsetAndMetadata(known.get(place, ends[place]), "") for place in fresh})
    except (UnknownMemberIdError, IllegalGenerationError):
        return  # another worker is in the group already, and has positions
    finally:
        await consumer.stop()
    if known:
        log.info("the endpoint goes on where Redis says it was", endpoint=endpoint)
    else:
        log.info("a new endpoint gets the changes from now on; earlier ones: gedrag webhooks replay", endpoint=endpoint)


async def _known(
    settings: Settings, endpoint: str, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]
) -> dict[TopicPartition, int]:
    redis = redis_of(settings)
    notes = WebhookNotes(redis, settings.app_id, endpoint)
    found = {}
    try:
        for place, end in ends.items():
            text = await notes.progress(f"{place.topic}/{place.partition}")
            if text is not None:
                ledger = Ledger.parse(text)
                # More than there is: the topic was made anew.
                found[place] = ledger.settled if ledger.reached <= end else 0
    except (RedisError, OSError, ValueError) as error:
        log.warning("where the endpoint was can't be read from Redis", endpoint=endpoint, error=str(error))
    finally:
        await redis.aclose()
    return found
