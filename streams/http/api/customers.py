"""One customer: its memberships, why it has them, and what was decided on its mails."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from scoring.explain import Verdict, explain
from scoring.instants import rfc3339
from scoring.merge.identities import form_of
from scoring.ties import LIVING
from streams.clock import now_ms
from streams.http.answers import Problem, json
from streams.http.api import query, shapes
from streams.http.api.access import needs
from streams.http.api.context import CONTEXT
from streams.lookup.ask import Moving
from streams.sinks.claims import Outcome
from streams.sinks.live_view import read


def routes() -> list[web.RouteDef]:
    return [
        web.get("/v1/customers/{id}", customer),
        web.get("/v1/customers/{id}/explain", explained),
        web.get("/v1/customers/{id}/messages", messages),
    ]


@needs("read")
async def customer(request: web.Request) -> web.Response:
    query.only(request)
    context, customer_id = request.app[CONTEXT], request.match_info["id"]
    (held,) = await context.batch.ask(("HGETALL", f"{await context.view.prefix()}customer:{customer_id}"))
    seen = read(held)
    if seen is None:
        raise _unknown()
    families, segments, tiers = context.families, [], []
    for name, (tier, since) in seen.memberships.items():
        if tier:
            tiers.append(shapes.InTier(name, tier, families.get(name), rfc3339(since)))
        else:
            segments.append(shapes.InSegment(name, families.get(name), rfc3339(since)))
    return json(shapes.Customer(customer_id, rfc3339(seen.since), segments, tiers))


@needs("read")
async def explained(request: web.Request) -> web.Response:
    query.only(request)
    context, customer_id = request.app[CONTEXT], request.match_info["id"]
    try:
        found = await context.workers.customer(customer_id)
        if found is None or form_of(found.state) != LIVING:
            raise _unknown()
        engine = await context.workers.engine(customer_id, found.state.definitions)
    except Moving as moving:
        said = f"{str(moving)[:1].upper()}{str(moving)[1:]}. Send it again in a moment."
        raise Problem(503, "The customer's state is not at hand", said, {"Retry-After": "1"}) from None
    now = max(found.fired - 1, found.state.at)
    loop = asyncio.get_running_loop()
    verdicts = await loop.run_in_executor(context.thread, explain, engine, found.state, now)
    return json(shapes.Explanation(customer_id, rfc3339(now), [_explained(each) for each in verdicts]))


@needs("read")
async def messages(request: web.Request) -> web.Response:
    query.only(request, "limit")
    limit = query.number(request, "limit", 100, 100)
    context, customer_id = request.app[CONTEXT], request.match_info["id"]
    found = (await context.history.of(customer_id, now_ms()))[:limit]
    if not found and await context.view.seen(customer_id) is None:
        raise _unknown()
    sent = [each["message_id"] for each in found if each["decision"] == "send"]
    became = dict(zip(sent, await context.claims.outcomes(sent), strict=True))
    return json(shapes.Messages(customer_id, [_message(each, became) for each in found]))


def _explained(each: Verdict) -> shapes.Explained:
    ahead = None if each.ahead is None else shapes.Ahead(rfc3339(each.ahead.at), each.ahead.kind, each.ahead.to)  # type: ignore[arg-type]
    return shapes.Explained(
        each.segment, each.family, each.kind, each.member, each.tier, _instant(each.since), each.reason, each.attributes, ahead,  # type: ignore[arg-type]
        _instant(each.sure_until),
    )  # fmt: skip


def _message(record: dict[str, Any], became: dict[str, Outcome | None]) -> shapes.Message:
    outcome = became.get(record["message_id"]) if record["decision"] == "send" else None
    return shapes.Message(
        record["message_id"], record["campaign"], record["step"], record["decision"], record.get("reason", ""), record["at"],
        record.get("variant"), record.get("template"), record.get("change_id"),
        None if outcome is None else shapes.Outcome(outcome.state, rfc3339(outcome.at) if outcome.at else None, outcome.why),
    )  # fmt: skip


def _instant(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _unknown() -> Problem:
    return Problem(404, "No such customer", "Nothing is known of a customer with this id; see to how it is written, capitals included.")
