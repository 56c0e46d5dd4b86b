"""GET /metrics: figures in Prometheus' text format, for those who may have them.

They name segments and campaigns, never a customer; still they tell how a shop does. So where others than this machine can ask, whoever asks
shows the setting `metrics_token` as a bearer token; without one set nothing is told there.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)

REFUSED = (
    "Others than this machine can ask here, so /metrics needs a token: set metrics_token (GEDRAG_METRICS_TOKEN, or metrics_token_file) "
    "and have Prometheus send it (authorization: credentials_file). Or listen on 127.0.0.1.\n"
)


class Exposition:
    """The handler, over a registry of its own. `address`: host:port that it is to be served on."""

    def __init__(self, settings: Settings, address: str, collectors: Iterable[Collector] = ()) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        for collector in collectors:
            self.registry.register(collector)
        self._token = settings.metrics_token
        self._open = is_loopback(address)
        if not (self._token or self._open):
            log.info("/metrics tells nobody anything here: metrics_token is not set", address=address)

    async def handle(self, request: web.Request) -> web.Response:
        if self._token:
            if not _shown(request, self._token):
                said = "The metrics_token is to be sent as a bearer token.\n"
                return web.Response(status=401, text=said, headers={"WWW-Authenticate": "Bearer"})
        elif not self._open:
            return web.Response(status=403, text=REFUSED)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self.registry), headers={"Content-Type": content_type})


def is_loopback(address: str) -> bool:
    """Can only this machine reach what listens on host:port?"""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
