"""Segments: how many are in each, and who."""

from __future__ import annotations

from aiohttp import web

from scoring.instants import rfc3339
from scoring.segments.families import FAMILIES
from scoring.segments.model import Segment
from streams.http.answers import Problem, json
from streams.http.api import query, shapes
from streams.http.api.access import needs
from streams.http.api.context import CONTEXT

#: Members of a page.
PAGE, MOST = 100, 1000


def routes() -> list[web.RouteDef]:
    return [web.get("/v1/segments", counts), web.get("/v1/segments/{name}/members", members)]


@needs("read")
async def counts(request: web.Request) -> web.Response:
    query.only(request, "family")
    context, wanted = request.app[CONTEXT], request.query.get("family")
    found = await context.view.counts(context.names, context.definitions.robots)
    families: dict[str, list[shapes.Counted]] = {}

    def count(name: str, family: str, kind: str) -> None:
        n = found.members[name]
        percent = round(100 * n / found.customers, 2) if found.customers else 0.0
        families.setdefault(family, []).append(shapes.Counted(name, kind, n, percent))  # type: ignore[arg-type]

    for each in context.definitions.segments:
        if isinstance(each, Segment):
            count(each.name, each.family, "segment")
        else:
            for tier in each.tiers:
                count(f"{each.name}.{tier.name}", each.family, "tier")
    if wanted is not None and wanted not in FAMILIES:
        raise query.bad(f"There is no family {wanted[:64]!r}; there are {', '.join(FAMILIES)}.")
    shown = [shapes.Family(family, rows) for family, rows in families.items() if wanted in (None, family)]
    return json(shapes.Counts(found.customers, found.robots, shown))


@needs("read")
async def members(request: web.Request) -> web.Response:
    query.only(request, "limit", "cursor")
    context, name = request.app[CONTEXT], request.match_info["name"]
    if name not in context.names:
        raise Problem(404, "No such segment", f"Tiers are written group.tier. {query.nearest(name, context.names)}")
    limit = query.number(request, "limit", PAGE, MOST)
    found = await context.view.members_after(name, query.cursor(request), limit + 1)
    last = query.written(*found[limit - 1]) if len(found) > limit else None
    return json(shapes.Members(name, [shapes.Member(customer, rfc3339(since)) for customer, since in found[:limit]], last))
