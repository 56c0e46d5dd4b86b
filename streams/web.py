"""The worker's health and figures over HTTP, for supervisors and Prometheus.

GET /health   200 while the worker does its work, 503 once it failed or stops; JSON: status, roles and the worker's counters
GET /metrics  the counters in Prometheus' text format
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from aiohttp import web
from mode import Service

from streams.kafka.clients import LIFE_CYCLE
from streams.kafka.errors import Misconfigured

#: Figures of the moment; the others only grow.
GAUGES = frozenset({"partitions", "customers", "lag", "watermark_delay", "longest_pause"})

log = structlog.get_logger(__name__)


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
        routes: Sequence[web.RouteDef] = (),
    ) -> None:
        super().__init__()
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._roles = roles
        self._report = report
        self._wanted = wanted
        self._routes = routes

    async def on_start(self) -> None:
        """Returns when it listens. Raises Misconfigured if it can't."""
        app = web.Application()
        app.add_routes([web.get("/health", self._health), web.get("/metrics", self._metrics), *self._routes])
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
        return web.json_response(body, status=200 if works else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        lines = []
        for name, value in self._report()[1].items():
            full, kind = (f"gedrag_{name}", "gauge") if name in GAUGES else (f"gedrag_{name}_total", "counter")
            lines.append(f"# TYPE {full} {kind}\n{full} {value}\n")
        return web.Response(text="".join(lines), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def __repr__(self) -> str:
        return "<Web>"
