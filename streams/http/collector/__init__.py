"""The collector: takes calls of Segment's Tracking API at its own addresses, and answers when Kafka has what they become.

POST /v1/track, /v1/identify, /v1/page, /v1/screen, /v1/alias, /v1/group   one call (also by its first letter, as analytics.js does)
POST /v1/batch, /v1/import, /v1/b                                          many

200 when all is in Kafka; what no library would mend (a call without an id, a product without its own) is among the dead letters then.
400 no JSON, 401 unknown write key, 413 too large: do not come again. 429 with Retry-After: Kafka does not keep up, or is away. That is no
503 because Segment's library for Node gives up on those after three attempts, and at 429 waits as long as it is told to, over 20 times.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiokafka.errors import KafkaError

from streams import tracking
from streams.clock import now_ms
from streams.http import health
from streams.http.answers import Problem, json
from streams.http.collector import body
from streams.http.collector.body import LARGEST_BATCH, LARGEST_CALL, refused
from streams.http.collector.figures import Figures
from streams.http.collector.keys import WriteKeys, basic_user
from streams.http.collector.outlet import NotNow, Outlet
from streams.http.collector.take import Taken, Taker
from streams.kafka import topics

if TYPE_CHECKING:
    from streams.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SINGLE = ("track", "identify", "page", "screen", "alias", "group")
_BATCHES = ("batch", "import", "b")

#: Requests whose bodies are being read and looked at together; what comes then is told to come again.
MOST_AT_ONCE = 200
#: Seconds Kafka has to answer in before the server starts; later it is waited for beside it.
AT_ONCE = 5.0

FIGURES: web.AppKey[Figures] = web.AppKey("collector", Figures)

log = structlog.get_logger(__name__)


def attach(app: web.Application, settings: Settings) -> None:
    """Adds the routes, and what they need while the application runs. Raises Misconfigured."""
    collector = _Collector(settings)
    app[FIGURES] = collector.figures
    for type_ in _SINGLE:
        for name in (type_, type_[0]):
            collector.route(app, name, type_)
    for name in _BATCHES:
        collector.route(app, name, None)
    if settings.write_keys:
        app[health.CHECKS]["kafka"] = collector.outlet.ready
        app.cleanup_ctx.append(collector.running)
    else:
        log.info("the collector takes nothing: there are no write keys", setting="GEDRAG_WRITE_KEYS or write_keys_file")


async def check(settings: Settings) -> None:
    """Raises Misconfigured: for names that can't be read and, where Kafka answers at once, for topics that don't fit the settings."""
    tracking.table(settings)
    if settings.write_keys:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            await asyncio.wait_for(topics.prepare(settings), AT_ONCE)


class _Collector:
    def __init__(self, settings: Settings) -> None:
        self.figures = Figures()
        self.outlet = Outlet(settings)
        self._taker = Taker(settings, self.figures)
        self._keys = WriteKeys(settings.write_keys or ())
        self._origins = settings.collector_origins
        self._at_once = 0

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self.outlet.run())
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def route(self, app: web.Application, name: str, type_: str | None) -> None:
        async def take(request: web.Request) -> web.StreamResponse:
            try:
                response: web.StreamResponse = await self._take(request, type_)
            except Problem as problem:
                response = problem.response()
                if problem.status in (400, 408, 413):
                    response.force_close()  # the rest of the body is of no use
            self.figures.answers[response.status] += 1
            response.headers.update(self._allowed(request))
            return response

        app.router.add_post(f"/v1/{name}", take)
        if self._origins:
            app.router.add_route("OPTIONS", f"/v1/{name}", self._preflight)

    async def _take(self, request: web.Request, type_: str | None) -> web.Response:
        received = now_ms()
        user = basic_user(request.headers.get("Authorization"))
        if user is not None:
            self._admit(user)
        try:
            if self._at_once >= MOST_AT_ONCE:
                raise NotNow(1)
            self._at_once += 1
            try:
                content = await body.read(request, LARGEST_BATCH if type_ is None else LARGEST_CALL)
                calls = body.calls(content, type_)
                if user is None:
                    self._admit(calls.write_key)
                taken = await self._taker.take(calls, received)
            finally:
                self._at_once -= 1
            await self.outlet.put(taken.outgoing, len(content), received)
        except NotNow as busy:
            detail = "Kafka does not keep up, or is away: send this again after the seconds of Retry-After."
            raise refused(429, "busy", detail, Retry_After=str(busy.after)) from None
        return json(_answer(taken))

    def _admit(self, key: str | None) -> None:
        if not self._keys.know(key):
            detail = "No known write key: it comes as the user of Basic authentication, or as writeKey in the body."
            raise refused(401, "unauthorized", detail, WWW_Authenticate="WriteKey")  # Basic would have browsers ask for a password

    async def _preflight(self, request: web.Request) -> web.Response:
        headers = self._allowed(request)
        if headers:
            headers |= {
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "authorization, content-type, content-encoding, x-retry-count",
                "Access-Control-Max-Age": "86400",
            }
        return web.Response(status=204, headers=headers)

    def _allowed(self, request: web.Request) -> dict[str, str]:
        """Lets a page of a site that is among the allowed ones read the answer."""
        origin = request.headers.get("Origin", "")
        if self._origins == ("*",):
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
        if origin.lower() in self._origins:
            return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After", "Vary": "Origin"}
        return {}


def _answer(taken: Taken) -> dict[str, object]:
    """What libraries want, and for people what became dead letters."""
    answer: dict[str, object] = {"success": True}
    if taken.refused:
        answer["refused"] = [{"call": number, "error": error, "detail": detail} for number, error, detail in taken.refused]
    return answer
