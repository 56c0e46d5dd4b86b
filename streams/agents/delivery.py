"""The delivery agent: mails what `messages` says is to be sent. Delivery only delivers; whether to send was decided in the engine.

An event is acknowledged only when its mail is sent, or lies in `dead-letters` with the reason, confirmed by the broker. Several mails are
under way at once; acknowledgements stay in order (see in_order.py).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scoring.campaigns.read import read as read_campaigns
from scoring.segments.read import read as read_segments
from streams.agents import proofreading
from streams.agents.dead_letters import DeadLetterBox
from streams.agents.deliver import Deliverer
from streams.agents.in_order import InOrder, no_waiting
from streams.agents.mail import Composer
from streams.agents.reach import mailer_of, reach_redis, reach_smtp, redis_of
from streams.agents.shop import Shop
from streams.app import topic
from streams.sinks.claims import Claims

if TYPE_CHECKING:
    from streams.settings import Settings

#: Events under way at once, of which as many as there are connections are being sent.
UNDER_WAY = 64
CONNECTIONS = 8
#: Seconds that mails already on their way to the server are given when the worker stops.
PARTING = 15.0


async def check(settings: Settings) -> None:
    """Redis and the mail server answer, and the mails of every campaign can be made. Raises Misconfigured, Faults, OSError."""
    composer = _composer(settings)
    definitions = read_segments(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    campaigns = read_campaigns(settings.campaigns.read_text(encoding="utf-8"), definitions, str(settings.campaigns))
    proofreading.insist(composer, campaigns, definitions)
    await reach_redis(settings)
    await reach_smtp(settings)


def _composer(settings: Settings) -> Composer:
    return Composer(Shop.of(settings), settings.currency, settings.templates)


def register(app: Any, settings: Settings) -> Any:
    """Makes the agent on the Faust app; returns it. Raises Misconfigured. Nothing is connected before the app starts."""
    composer = _composer(settings)
    no_waiting(app)

    @app.agent(topic(app, settings, "messages"), name="delivery")  # type: ignore[untyped-decorator, unused-ignore]
    async def delivery(stream: Any) -> None:
        redis = redis_of(settings)
        mailer = mailer_of(settings, CONNECTIONS)
        deliverer = Deliverer(mailer, Claims(redis, settings.app_id), composer)
        letters = DeadLetterBox(settings)
        line = InOrder(
            UNDER_WAY,
            is_current=lambda event: event.message.generation_id == app.consumer_generation_id,
            on_fault=lambda error: asyncio.ensure_future(app.crash(error)),
        )

        async def handle(event: Any) -> None:
            refusal = await deliverer.deliver(event.message.value)
            if refusal is not None:
                await letters.put(event.message, refusal.error, refusal.detail)

        try:
            async for event in stream.noack().events():
                await line.add(event, handle(event))
        finally:
            await line.end(PARTING)
            await letters.close()
            await mailer.close()
            await redis.aclose()

    return delivery
