"""What the API does, besides telling: all sending stopped and started (scope act), a customer forgotten (scope admin)."""

from __future__ import annotations

import structlog
from aiohttp import web
from aiokafka.errors import KafkaError

from scoring.instants import rfc3339
from streams.clock import now_ms
from streams.erasure import sweep
from streams.http.answers import Problem, json
from streams.http.api import query, shapes
from streams.http.api.access import TOKEN, needs
from streams.http.api.context import CONTEXT
from streams.personal.forget import NoTopic, forget
from streams.sinks.sending import Pause, Switch

#: Seconds a worker is waited for that forgets; it will do it all the same when it comes to it later.
WITHIN = 5.0
#: Characters of a customer's id, and of a reason.
LONGEST_ID, LONGEST_WHY = 128, 200

log = structlog.get_logger(__name__)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/v1/sending", sending),
        web.post("/v1/sending/pause", pause),
        web.post("/v1/sending/resume", resume),
        web.delete("/v1/customers/{id}", forgotten),
    ]


@needs("read")
async def sending(request: web.Request) -> web.Response:
    query.only(request)
    return _stands(await _switch(request).paused())


@needs("act")
async def pause(request: web.Request) -> web.Response:
    query.only(request, "why")
    why = request.query.get("why", "")
    if len(why) > LONGEST_WHY:
        raise query.bad(f"why may have {LONGEST_WHY} characters.")
    wanted = Pause(f"token {request[TOKEN].name}", why, now_ms())
    before = await _switch(request).pause(wanted)
    if before is None:
        log.info("all sending is paused by the API", token=request[TOKEN].name)
    return _stands(before or wanted)


@needs("act")
async def resume(request: web.Request) -> web.Response:
    query.only(request)
    if await _switch(request).resume():
        log.info("sending goes on by the API", token=request[TOKEN].name)
    return _stands(None)


@needs("admin")
async def forgotten(request: web.Request) -> web.Response:
    """200 when a worker has done it, 202 when it has been asked for and will be."""
    query.only(request)
    context, customer_id = request.app[CONTEXT], request.match_info["id"]
    if len(customer_id) > LONGEST_ID:
        raise query.bad(f"A customer's id has 1 to {LONGEST_ID} characters.")
    try:
        done, noted = await forget(context.settings, context.redis, customer_id, WITHIN)
    except (KafkaError, NoTopic) as error:
        log.warning("a customer could not be forgotten: the broker did not take it", error=type(error).__name__)
        raise Problem(503, "The broker does not take it", "Nothing was done. Send it again in a moment.", {"Retry-After": "5"}) from None
    if noted:
        await sweep(context.redis, context.settings, customer_id)
    log.info("a customer was forgotten by the API", token=request[TOKEN].name, done=done)
    return json(shapes.Forgetting(customer_id, done), status=200 if done else 202)


def _switch(request: web.Request) -> Switch:
    context = request.app[CONTEXT]
    return Switch(context.redis, context.settings.app_id)


def _stands(pause: Pause | None) -> web.Response:
    return json(shapes.Sending(False) if pause is None else shapes.Sending(True, rfc3339(pause.since), pause.who, pause.why))
