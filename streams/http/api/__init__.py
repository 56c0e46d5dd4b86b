"""The HTTP API: customers, segments, changes and messages, for programs and people with a token. Described by itself at /openapi.json."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import web

from scoring.segments.faults import Faults
from scoring.segments.read import read
from streams.agents.reach import pooled_redis_of, reach_redis
from streams.http import health
from streams.http.api import actions, changes, cors, customers, openapi, segments
from streams.http.api.context import CONTEXT, Context
from streams.kafka.errors import Misconfigured
from streams.lookup.ask import Workers

if TYPE_CHECKING:
    from scoring.segments.model import Definitions
    from streams.settings import Settings

#: Connections to Redis; a request waits for one that is free.
CONNECTIONS = 32


async def check(settings: Settings) -> None:
    """The definitions can be read and Redis answers. Raises Misconfigured."""
    _definitions(settings)
    await reach_redis(settings)


def attach(app: web.Application, settings: Settings) -> None:
    app[CONTEXT] = context = Context(settings, _definitions(settings), pooled_redis_of(settings, CONNECTIONS))
    for part in (customers, segments, changes, actions, openapi):
        app.add_routes(part.routes())
    cors.attach(app, settings)
    app[health.CHECKS]["redis"] = context.redis.ping
    app.on_shutdown.append(changes.end)

    async def connected(_: web.Application) -> AsyncIterator[None]:
        async with Workers(context.redis, settings) as context.workers:
            yield
        await context.redis.aclose()

    app.cleanup_ctx.append(connected)


def _definitions(settings: Settings) -> Definitions:
    try:
        return read(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    except (Faults, OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"segments: {settings.segments} can't be used; see: gedrag check {settings.segments} ({error})") from None
