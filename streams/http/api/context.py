"""What the handlers of one server have in common."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from aiohttp import web

from streams.http.api.batch import Batch
from streams.http.limits import Limiter
from streams.lookup.ask import Workers
from streams.sinks.claims import Claims
from streams.sinks.history import History
from streams.sinks.live_view import LiveView, names
from streams.sinks.tokens import Tokens

if TYPE_CHECKING:
    from scoring.segments.model import Definitions
    from streams.settings import Settings


class Context:
    """`workers` is there once the server has started."""

    workers: Workers

    def __init__(self, settings: Settings, definitions: Definitions, redis: Any) -> None:
        self.settings = settings
        self.definitions = definitions
        self.names = names(definitions)
        self.families = {each.name: each.family for each in definitions.segments}
        self.redis = redis
        self.view = LiveView(redis, settings.app_id)
        self.history = History(redis, settings.app_id)
        self.claims = Claims(redis, settings.app_id)
        self.tokens = Tokens(redis, settings.app_id)
        self.batch = Batch(redis)
        self.limiter = Limiter(redis, settings.app_id)
        #: Explaining may take some milliseconds, which nobody else should wait for.
        self.thread = ThreadPoolExecutor(1, "explain")
        self.stopping = asyncio.Event()
        self.streams = 0  # of changes, open now
        self.noted: dict[str, float] = {}  # when a token's use was noted last


CONTEXT: web.AppKey[Context] = web.AppKey("api", Context)
