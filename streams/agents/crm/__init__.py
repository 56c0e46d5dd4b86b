"""The CRM agent: keeps the contacts of HubSpot in step with `segment-changes`. See docs/feeds.md."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog

from scoring.segments.read import read as read_segments
from streams.agents.crm.properties import missing, wanted
from streams.agents.crm.sync import Sync
from streams.agents.dead_letters import DeadLetterBox
from streams.agents.in_order import no_waiting
from streams.agents.parting import part
from streams.agents.reach import reach_redis, redis_of
from streams.agents.webhooks.forgotten import forgotten
from streams.app import topic
from streams.kafka.errors import Misconfigured
from streams.sinks.hubspot import HubSpot, HubSpotError, Unwelcome
from streams.sinks.request_limits import RequestLimits

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)

#: Changes read ahead, and taken together: of a customer's several only what is newest is sent.
AHEAD = 4000
BATCH = 2000
#: Seconds that a request under way is given when the worker stops.
PARTING = 5.0
#: Seconds of HubSpot's shorter limit.
WINDOW = 10.0

_syncs: list[Sync] = []


def parts(settings: Settings) -> Sequence[str]:
    """One, if there is a token."""
    return ["hubspot"] if settings.crm_token else []


def hubspot_of(settings: Settings) -> HubSpot:
    return HubSpot(settings.crm_url, settings.crm_token or "", settings.crm_id_property)


def properties_of(settings: Settings) -> list[dict[str, Any]]:
    """What contacts must have. Raises Misconfigured, Faults, OSError."""
    definitions = read_segments(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    try:
        return wanted(definitions, settings.crm_prefix, settings.crm_id_property)
    except ValueError as error:
        raise Misconfigured(str(error)) from None


async def check(settings: Settings) -> None:
    """Redis answers, and HubSpot, if it does, has the properties. Raises Misconfigured, Faults, OSError."""
    if not settings.crm_token:
        return
    properties = properties_of(settings)
    await reach_redis(settings)
    hubspot = hubspot_of(settings)
    try:
        lacking = missing(await hubspot.properties(), properties)
    except Unwelcome as error:
        if str(error).startswith("HTTP 401"):
            raise Misconfigured(f"HubSpot refuses the token ({error}); check GEDRAG_CRM_TOKEN or crm_token_file") from None
        log.warning("HubSpot doesn't let us see whether it has the properties", error=str(error))
    except HubSpotError as error:
        log.warning("HubSpot doesn't answer now; contacts catch up when it does", error=str(error))
    else:
        if lacking:
            names = ", ".join(each["name"] for each in lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
            raise Misconfigured(f"HubSpot's contacts lack {names}; make them by: gedrag crm setup")
    finally:
        await hubspot.close()


def figures() -> dict[str, int]:
    """Of this process."""
    return {f"crm_{name}": sum(each.figures[name] for each in _syncs) for name in (_syncs[0].figures if _syncs else ())}


def obstacles() -> list[str]:
    """What keeps contacts from being renewed, in a word each: details may name somebody. Empty when they are."""
    return [words for each in _syncs for words in each.obstacles]


def register(app: Any, settings: Settings, name: str) -> Any:
    """Makes the agent on the Faust app; returns it. Nothing is connected before the app starts."""
    no_waiting(app)

    @app.agent(topic(app, settings, "segment-changes"), name=f"crm-{name}")  # type: ignore[untyped-decorator, unused-ignore]
    async def crm(stream: Any) -> None:
        await _run(app, settings, stream)

    return crm


async def _run(app: Any, settings: Settings, stream: Any) -> None:
    redis, hubspot, letters = redis_of(settings), hubspot_of(settings), DeadLetterBox(settings)
    waiting: asyncio.Queue[Any] = asyncio.Queue(AHEAD)
    limits = RequestLimits(redis, settings.app_id, "crm", rate=settings.crm_rate, window=WINDOW, daily=settings.crm_daily)

    ending = False

    def current(message: Any) -> bool:
        return not ending and message.generation_id == app.consumer_generation_id

    sync = Sync(hubspot, limits, letters.put, settings.crm_prefix, current, forgotten(redis, settings))
    _syncs.append(sync)

    async def keep() -> None:
        while not ending:
            batch = [await waiting.get()]
            while len(batch) < BATCH and not waiting.empty():
                batch.append(waiting.get_nowait())
            await sync.take([event.message for event in batch if current(event.message)])
            for event in batch:
                if current(event.message):
                    event.ack()

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            asyncio.ensure_future(app.crash(error))

    keeping = asyncio.create_task(keep())
    keeping.add_done_callback(ended)

    async def end() -> None:
        if sync.busy:
            await asyncio.wait((keeping,), timeout=PARTING)
        keeping.cancel()
        _syncs.remove(sync)
        await letters.close()
        await hubspot.close()
        await redis.aclose()

    try:
        async for event in stream.noack().events():
            await waiting.put(event)
    finally:
        ending = True
        await part(end())
