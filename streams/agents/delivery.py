"""The delivery agent: mails what `messages` says is to be sent. Delivery only delivers; whether to send was decided in the engine.

An event is acknowledged only when its mail is sent, or lies in `dead-letters` with the reason, confirmed by the broker. Several mails are
under way at once; acknowledgements stay in order (see in_order.py).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.errors import KafkaError

from streams.agents.deliver import Deliverer, Refusal
from streams.agents.in_order import InOrder
from streams.agents.mail import Composer
from streams.agents.reach import mailer_of, redis_of
from streams.agents.shop import Shop
from streams.deadletters import DeadLetter
from streams.kafka import clients
from streams.kafka.errors import Misconfigured
from streams.kafka.names import Names
from streams.sinks.backoff import Backoff
from streams.sinks.claims import Claims
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from scoring.campaigns.decide import Campaigns
    from streams.settings import Settings

log = structlog.get_logger(__name__)

#: Events under way at once, of which as many as there are connections are being sent.
UNDER_WAY = 64
CONNECTIONS = 8
#: Seconds that mails already on their way to the server are given when the worker stops.
PARTING = 15.0


def check_templates(settings: Settings, campaigns: Campaigns) -> Composer:
    """The composer, once every template that a campaign names is there. Raises Misconfigured."""
    composer = Composer(Shop.of(settings), settings.currency, settings.templates)
    for campaign in campaigns.campaigns:
        for step in campaign.steps:
            if why := composer.missing(step.template):
                raise Misconfigured(f"campaign {campaign.name}: {why}; put it into the folder that `templates` names")
    return composer


def register(app: Any, settings: Settings) -> Any:
    """Makes the agent on the Faust app; returns it. Raises Misconfigured. Nothing is connected before the app starts."""
    composer = Composer(Shop.of(settings), settings.currency, settings.templates)
    names = Names(settings.app_id, settings.topic_prefix)
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    topic = app.topic(names.messages, **raw)

    @app.agent(topic, name="delivery")  # type: ignore[untyped-decorator, unused-ignore]
    async def delivery(stream: Any) -> None:
        redis = redis_of(settings)
        mailer = mailer_of(settings, CONNECTIONS)
        deliverer = Deliverer(mailer, Claims(redis, settings.app_id), composer)
        letters = _DeadLetters(settings, names.dead_letters)
        line = InOrder(
            UNDER_WAY,
            is_current=lambda event: event.message.generation_id == app.consumer_generation_id,
            on_fault=lambda error: asyncio.ensure_future(app.crash(error)),
        )

        async def handle(event: Any) -> None:
            refusal = await deliverer.deliver(event.message.value)
            if refusal is not None:
                await letters.put(event.message, refusal)

        try:
            async for event in stream.noack().events():
                await line.add(event, handle(event))
        finally:
            await line.end(PARTING)
            await letters.close()
            await mailer.close()
            await redis.aclose()

    return delivery


class _DeadLetters:
    """Writes dead letters, each confirmed by all replicas before `put` returns. Connects at the first one."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._producer: Any = None
        self._lock = asyncio.Lock()
        self._broker = Outage("the broker", "a dead letter waits, and what came after it is not committed")

    async def put(self, message: Any, refusal: Refusal) -> None:
        headers = message.headers.items() if isinstance(message.headers, dict) else message.headers
        letter = DeadLetter(
            message.topic, message.partition, message.offset, round(message.timestamp * 1000), message.key, message.value,
            tuple((name, value) for name, value in headers or ()), refusal.error, refusal.detail,
        )  # fmt: skip
        backoff = Backoff()
        while True:
            try:
                producer = await self._started()
                await producer.send_and_wait(self._topic, key=letter.key, value=letter.value, headers=letter.annotated())
            except (KafkaError, OSError) as error:
                self._broker.failed(error)
                await asyncio.sleep(backoff.next())
            else:
                self._broker.over()
                log.warning("not delivered, kept as a dead letter", error=refusal.error, detail=refusal.detail, offset=letter.offset)
                return

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def _started(self) -> Any:
        async with self._lock:
            if self._producer is None:
                producer = clients.producer(self._settings)
                await producer.start()
                self._producer = producer
            return self._producer
