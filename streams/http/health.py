"""GET /health/live: the process answers. GET /health/ready: what its parts need answers too, else 503 that names it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from streams.http.answers import Problem, json

if TYPE_CHECKING:
    from streams.settings import Settings

#: Each returns if the thing is there, and raises if it is not.
CHECKS: web.AppKey[dict[str, Callable[[], Awaitable[object]]]] = web.AppKey("checks", dict)
#: Seconds a check may take.
WITHIN = 3.0


def attach(app: web.Application, settings: Settings) -> None:
    app.add_routes([web.get("/health/live", _live), web.get("/health/ready", _ready)])


async def _live(_: web.Request) -> web.Response:
    return json({"status": "live"})


async def _ready(request: web.Request) -> web.Response:
    checks = request.app[CHECKS]
    found = await asyncio.gather(*(_answers(check) for check in checks.values()))
    missing = [name for name, answers in zip(checks, found, strict=True) if not answers]
    if missing:
        raise Problem(503, "Not ready", f"No answer from {', '.join(missing)}: start what is missing, or see to the settings.")
    return json({"status": "ready", "checked": list(checks)})


async def _answers(check: Callable[[], Awaitable[object]]) -> bool:
    try:
        await asyncio.wait_for(check(), WITHIN)
    except Exception:
        return False
    return True
