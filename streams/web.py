"""The worker's health and figures over HTTP, for supervisors and Prometheus.

GET /health        200 while the worker does its work, 503 once it failed or stops; JSON: status, roles, the worker's counters, waiting
GET /health/live   503 when only a restart would help; JSON: status, faults
GET /health/ready  503 while it does not do its work: it starts, takes partitions over, waits for the broker; JSON: status, faults, waiting
GET /metrics       Prometheus' text format (streams/exposition.py says who gets it)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web
from mode import Service

from streams.kafka.clients import LIFE_CYCLE
from streams.kafka.errors import Misconfigured

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """`faults`: what is wrong, a sentence each. `waiting`: what agents wait for meanwhile, which is no fault of the worker."""

    faults: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


class Web(Service):
    """Serves on `address` ("host:port"). `report` gives (works, counters by name) of this moment.

    `wanted`: somebody set the address, so that one already taken is an error; else any free port is as good. `routes`: further ones.
    """

    logger = LIFE_CYCLE

    def __init__(
        self,
        address: str,
        roles: list[str],
        report: Callable[[], tuple[bool, Mapping[str, int]]],
        *,
        wanted: bool,
        live: Callable[[], Health] = Health,
        ready: Callable[[], Health] = Health,
        metrics: Callable[[web.Request], Awaitable[web.Response]] | None = None,
        routes: Sequence[web.RouteDef] = (),
    ) -> None:
        super().__init__()
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._roles = roles
        self._report = report
        self._wanted = wanted
        self._live = live
        self._ready = ready
        self._routes = [web.get("/health", self._health), web.get("/health/live", self._is_live), web.get("/health/ready", self._is_ready)]
        if metrics is not None:
            self._routes.append(web.get("/metrics", metrics))
        self._routes += routes

    async def on_start(self) -> None:
        """Returns when it listens. Raises Misconfigured if it can't."""
        app = web.Application()
        app.add_routes(self._routes)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await self._listen(self._port)
        except OSError as error:
            why = error.strerror or str(error)
            if self._wanted:
                raise Misconfigured(
                    f"web: can't serve on {self._host}:{self._port} ({why}); set web (GEDRAG_WEB) to another host:port, or to off"
                ) from None
            taken = self.address
            await self._listen(0)
            log.warning("the health page is on another port", reason=f"can't serve on {taken} ({why})", address=self.address)

    async def _listen(self, port: int) -> None:
        site = web.TCPSite(self._runner, self._host.strip("[]"), port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    @property
    def address(self) -> str:
        """Where it listens, host:port."""
        return f"{self._host}:{self._port}"

    async def on_stop(self) -> None:
        await self._runner.cleanup()

    async def _health(self, _: web.Request) -> web.Response:
        works, counters = self._report()
        body: dict[str, Any] = {"status": "ok" if works else "stopping", "roles": self._roles, **counters}
        if waiting := self._ready().waiting:
            body["waiting"] = waiting
        return web.json_response(body, status=200 if works else 503)

    async def _is_live(self, _: web.Request) -> web.Response:
        faults = self._live().faults
        return web.json_response({"status": "stuck" if faults else "live", "faults": faults}, status=503 if faults else 200)

    async def _is_ready(self, _: web.Request) -> web.Response:
        found = self._ready()
        body = {"status": "not ready" if found.faults else "ready", "faults": found.faults, "waiting": found.waiting}
        return web.json_response(body, status=503 if found.faults else 200)

    def __repr__(self) -> str:
        return "<Web>"
