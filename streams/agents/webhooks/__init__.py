"""The webhook agents: one an endpoint, each with a consumer group of its own, so that none waits for another. See docs/feeds.md."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog
from faust.types.tuples import Message

from streams.agents.dead_letters import DeadLetterBox
from streams.agents.in_order import no_waiting
from streams.agents.parting import part
from streams.agents.reach import reach_redis, redis_of
from streams.agents.webhooks import start
from streams.agents.webhooks.endpoints import endpoints
from streams.agents.webhooks.forgotten import forgotten
from streams.agents.webhooks.line import Line
from streams.agents.webhooks.sender import Sender
from streams.app import topic
from streams.sinks.reachable import networks
from streams.sinks.webhook import Endpoint, Poster
from streams.sinks.webhook_notes import WebhookNotes

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)

#: Seconds that requests under way are given when the worker stops.
PARTING = 5.0

#: Of the endpoints of this process, for its figures.
_senders: dict[str, Sender] = {}


def parts(settings: Settings) -> Sequence[str]:
    """The endpoints' names: each has an app of its own. Raises Faults, OSError."""
    return [endpoint.name for endpoint in endpoints(settings)]


async def check(settings: Settings) -> None:
    """The endpoints are well described, and Redis answers. Raises Misconfigured, Faults, OSError."""
    if endpoints(settings):
        await reach_redis(settings)


async def begin(settings: Settings) -> None:
    """Before anything runs, with the topics there: a new endpoint gets the changes from now on. Raises KafkaError."""
    for endpoint in endpoints(settings):
        await start.from_now_on(settings, endpoint.name)


def figures() -> dict[str, int]:
    """Of this process's endpoints."""
    found = {"webhooks_closed": sum(bool(sender.health.closed) for sender in _senders.values())}
    for sender in _senders.values():
        for name, count in sender.figures.items():
            found[f"webhooks_{name}"] = found.get(f"webhooks_{name}", 0) + count
    return found if _senders else {}


def obstacles() -> list[str]:
    """What keeps webhooks from going out, in a word each: details may name somebody. Empty when they go."""
    states = ((name, sender.standing.word) for name, sender in _senders.items())
    return [f"webhook endpoint {name} is {word}" for name, word in states if word != "active"]


def register(app: Any, settings: Settings, name: str) -> Any:
    """Makes the agent of an endpoint on the Faust app; returns it. Nothing is connected before the app starts."""
    endpoint = next(each for each in endpoints(settings) if each.name == name)
    no_waiting(app)

    @app.agent(topic(app, settings, "segment-changes"), name=f"webhooks-{name}")  # type: ignore[untyped-decorator, unused-ignore]
    async def webhooks(stream: Any) -> None:
        await _run(app, settings, endpoint, stream)

    return webhooks


async def _run(app: Any, settings: Settings, endpoint: Endpoint, stream: Any) -> None:
    redis = redis_of(settings)
    notes = WebhookNotes(redis, settings.app_id, endpoint.name)
    poster = Poster(endpoint, networks(settings.webhook_networks))
    sender = _senders[endpoint.name] = Sender(endpoint, poster, notes)
    letters = DeadLetterBox(settings)

    def fault(error: BaseException) -> None:
        asyncio.ensure_future(app.crash(error))

    line = Line(
        endpoint, sender, notes, letters,
        ack=lambda topic, partition, offset: app.consumer.ack(Message(topic, partition, offset, 0.0, 0, None, None, None, None)),
        current=lambda message: message.generation_id == app.consumer_generation_id,
        on_fault=fault,
        erased=forgotten(redis, settings),
    )  # fmt: skip

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            fault(error)

    beside = [asyncio.create_task(sender.watch()), asyncio.create_task(line.save())]
    for task in beside:
        task.add_done_callback(ended)

    async def end() -> None:
        await line.end(PARTING)
        sender.ended = True
        for task in beside:
            task.cancel()
        await letters.close()
        await poster.close()
        await redis.aclose()

    try:
        async for event in stream.noack().events():
            await line.add(event.message)
    finally:
        await part(end())
