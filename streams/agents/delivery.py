"""The delivery agent: mails what `messages` says is to be sent. Delivery only delivers; whether to send was decided in the engine.

An event is acknowledged only when its mail is sent, or lies in `dead-letters` with the reason, confirmed by the broker. Several mails are
under way at once; acknowledgements stay in order (see in_order.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from scoring.campaigns.read import read as read_campaigns
from scoring.segments.read import read as read_segments
from streams.agents import proofreading
from streams.agents.aftermath import Aftermath
from streams.agents.deliver import Deliverer, Patience, Record
from streams.agents.gate import Gate
from streams.agents.hand_over import WITHOUT_REDIS
from streams.agents.in_order import InOrder, no_waiting
from streams.agents.mail import Composer
from streams.agents.reach import mailer_of, reach_mail, reach_redis, redis_of
from streams.agents.shop import Shop
from streams.agents.standing import Standing, paused
from streams.agents.withdrawals import Withdrawals
from streams.app import topic
from streams.erasure import is_erased
from streams.links import Links
from streams.sinks.claims import Claims
from streams.sinks.handovers import HandOvers
from streams.sinks.insist import Insist
from streams.sinks.outage import Outage
from streams.sinks.sending import Switch

if TYPE_CHECKING:
    from scoring.campaigns.decide import Campaigns
    from scoring.segments.model import Definitions
    from streams.settings import Settings

#: Events under way at once, of which as many as there are connections are being sent.
UNDER_WAY = 64
CONNECTIONS = 8
#: Events beside those that wait for longer (deferred by the server, for the end of the night, for the caps).
ASIDE = 20_000
#: Seconds that mails already on their way to the server are given when the worker stops.
PARTING = 15.0
#: Seconds between looks at the switch that stops all sending, beside the one before each mail.
LOOK = 2.0

#: How this process's delivery stands, for its health page and figures.
standing = Standing()


async def check(settings: Settings) -> None:
    """Redis and the mail server answer, and the mails of every campaign can be made. Raises Misconfigured, Faults, OSError."""
    composer = _composer(settings)
    definitions, campaigns = _campaigns(settings)
    proofreading.insist(composer, campaigns, definitions)
    await reach_redis(settings)
    await reach_mail(settings)


def _composer(settings: Settings) -> Composer:
    return Composer(Shop.of(settings), settings.currency, settings.templates, Links.of(settings))


def _campaigns(settings: Settings) -> tuple[Definitions, Campaigns]:
    definitions = read_segments(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    return definitions, read_campaigns(settings.campaigns.read_text(encoding="utf-8"), definitions, str(settings.campaigns))


class Delivery:
    """All that delivers in this process. Belongs to one event loop; connects when first used."""

    def __init__(self, settings: Settings, composer: Composer, caps: list[tuple[int, int]]) -> None:
        """`caps`: (count, ms)."""
        self._redis = redis = redis_of(settings)
        self._mailer = mailer_of(settings, CONNECTIONS)
        claims, patience = Claims(redis, settings.app_id), Patience(give_up=settings.mail_max_age / 1000)
        self.withdrawals = Withdrawals(settings, claims)
        self._switch = Switch(redis, settings.app_id)

        async def erased(customer_id: str, at: int | None) -> bool:
            return await is_erased(redis, settings, customer_id, at)

        handovers = HandOvers(redis, settings.app_id, caps)
        gate = Gate(claims, self._switch, handovers, settings.mail_max_age, self.withdrawals, erased)
        self._deliverer = Deliverer(self._mailer, claims, composer, gate, patience, standing)
        self._aftermath = Aftermath(settings, claims, Insist(Outage("Redis", WITHOUT_REDIS), patience.first, patience.longest))
        self._looking = asyncio.create_task(self._look_at_switch())

    async def handle(self, event: Any, current: Callable[[], bool], aside: Callable[[], None]) -> None:
        """Returns when the record is done with: sent, not to be sent, or a dead letter."""
        message = event.message
        place = f"{message.partition}@{message.offset}"
        refused = await self._deliverer.deliver(Record(message.value, message.partition, place, current, aside))
        if refused is not None:
            await self._aftermath.refused(message, place, *refused)

    async def _look_at_switch(self) -> None:
        """Says that sending is paused also while there is nothing to send."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                paused(standing, await self._switch.paused())
            await asyncio.sleep(LOOK)

    async def close(self) -> None:
        self._looking.cancel()
        await self.withdrawals.close()
        await self._aftermath.close()
        await self._mailer.close()
        await self._redis.aclose()


def register(app: Any, settings: Settings) -> Any:
    """Makes the agent on the Faust app; returns it. Raises Misconfigured. Nothing is connected before the app starts."""
    composer = _composer(settings)
    caps = [(cap.count, cap.per) for cap in _campaigns(settings)[1].policy.caps]
    no_waiting(app)

    @app.agent(topic(app, settings, "messages"), name="delivery")  # type: ignore[untyped-decorator, unused-ignore]
    async def delivery(stream: Any) -> None:
        made = Delivery(settings, composer, caps)

        def is_current(event: Any) -> bool:
            return bool(event.message.generation_id == app.consumer_generation_id)

        line = InOrder(UNDER_WAY, is_current, lambda error: asyncio.ensure_future(app.crash(error)), most_aside=ASIDE)
        try:
            async for event in stream.noack().events():
                message = event.message
                made.withdrawals.watch(message.partition, round(message.timestamp * 1000))
                await line.add(event, made.handle(event, partial(is_current, event), partial(line.aside, event)))
        finally:
            await line.end(PARTING)
            await made.close()

    return delivery
