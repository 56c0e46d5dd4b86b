"""Events from the web into Kafka: confirmed, or the one who asked is told to come again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from streams.email_events import EmailEvent
from streams.erasure import is_erased
from streams.http.answers import Problem
from streams.kafka.names import Names
from streams.kafka.writer import Writer

if TYPE_CHECKING:
    from streams.settings import Settings

#: Seconds to wait for the broker's confirmation: those who unsubscribe or tell of a bounce don't wait much longer themselves.
CONFIRMED_WITHIN = 8.0
#: Seconds for which an event is remembered: the engine knows an id as a repeat as long.
REMEMBERED = 86_400

log = structlog.get_logger(__name__)


class Events:
    """Connects at the first event. Belongs to one event loop.

    Left out, as far as Redis knows: what was told within a day (one who loads a picture a thousand times fills no topic), and what an
    erased customer does with mails of before.
    """

    def __init__(self, settings: Settings, redis: Any) -> None:
        self._settings = settings
        self._redis = redis
        self._told = f"{settings.app_id}:mail:told:"
        self._topic = Names(settings.app_id, settings.topic_prefix).email_events
        self._writer = Writer(settings, "")

    async def tell(self, event: EmailEvent, within: float = CONFIRMED_WITHIN) -> None:
        """Returns when all replicas have it. Raises Problem (503) if that can't be had within so many seconds."""
        if await self._left_out(event):
            return
        try:
            async with asyncio.timeout(within):
                await self._writer.write(self._topic, event.key, event.value)
        except (KafkaError, OSError) as error:
            log.warning("an event of a mail was not taken", type=event.type, error=str(error) or type(error).__name__)
            raise Problem(503, "Service Unavailable", "It could not be kept just now; try again.", {"Retry-After": "10"}) from None
        with contextlib.suppress(RedisError, OSError):
            await self._redis.set(self._told + event.event_id, 1, ex=REMEMBERED)
        log.info("of a mail", type=event.type, message_id=event.message_id, machine=event.machine)

    async def _left_out(self, event: EmailEvent) -> bool:
        try:
            if await self._redis.exists(self._told + event.event_id):
                return True
            return await is_erased(self._redis, self._settings, event.customer_id)
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        await self._writer.close()


EVENTS = web.AppKey("mail_events", Events)
