"""The server's frame: the parts that run in it, what goes for all of them, and its life from start to stop.

A part is a package `streams/http/<part>/` with

    def attach(app: web.Application, settings: Settings) -> None     adds its routes and `app.cleanup_ctx`
    async def check(settings: Settings) -> None                      optional; raises Misconfigured if it can't work

It authenticates its own callers, limits its bodies with `limits.at_most`, and may add to `app[health.CHECKS]` what it needs to be ready.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import signal
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from streams.http import answers, health
from streams.kafka.errors import Fatal, Misconfigured

if TYPE_CHECKING:
    from streams.settings import Settings

PARTS = ("api", "collector", "mail")
#: Runs beside whatever part runs.
_ALWAYS = ("health", "metrics")

#: Largest body any part may allow; each route has its own, smaller limit.
LARGEST_BODY = 8 * 1024 * 1024
#: Seconds that requests under way have to end in when the server stops.
STOP_WITHIN = 10.0

log = structlog.get_logger(__name__)


def build(settings: Settings, parts: Sequence[str] = PARTS) -> web.Application:
    """The application with these parts. Nothing is connected before it starts."""
    app = web.Application(middlewares=[answers.logged, answers.told], client_max_size=LARGEST_BODY)
    app[health.CHECKS] = {}
    app.on_response_prepare.append(answers.headers(settings))
    for module in _modules((*_ALWAYS, *parts)):
        module.attach(app, settings)
    return app


def _modules(names: Sequence[str]) -> list[ModuleType]:
    there = [name for name in names if importlib.util.find_spec(f"streams.http.{name}") is not None]
    return [importlib.import_module(f"streams.http.{name}") for name in there]


async def serve(settings: Settings, parts: Sequence[str], stop: asyncio.Event) -> None:
    """Serves on the setting `serve` until `stop` is set. Raises Misconfigured."""
    for module in _modules(parts):
        if (check := getattr(module, "check", None)) is not None:
            await check(settings)
    runner = web.AppRunner(build(settings, parts), access_log=None, logger=answers.server_log(), shutdown_timeout=STOP_WITHIN)
    await runner.setup()
    host, _, port = settings.serve.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        log.info("serving", address=f"http://{settings.serve}", parts=list(parts))
        await stop.wait()
    except OSError as error:
        why = error.strerror or str(error)
        raise Misconfigured(f"can't serve on {settings.serve} ({why}); set serve (GEDRAG_SERVE) to another host:port") from None
    finally:
        await runner.cleanup()


async def run(settings: Settings, parts: Sequence[str]) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit status. Errors are logged in one line."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await serve(settings, parts, stop)
    except Fatal as error:
        log.error(str(error))
        return error.code
    log.info("stopped")
    return 0
