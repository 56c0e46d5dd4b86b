"""GET /metrics of the server: requests by the pattern of their route, never by their path; and what the collector took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from streams.clock import monotonic
from streams.exposition import Exposition
from streams.http.answers import Handler, route_of
from streams.http.api.context import CONTEXT
from streams.http.collector import FIGURES

if TYPE_CHECKING:
    from streams.settings import Settings

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def attach(app: web.Application, settings: Settings) -> None:
    exposition = Exposition(settings, settings.serve, [_Parts(app)])
    requests = Counter("gedrag_http_requests", "Requests answered", ("method", "route", "status"), registry=exposition.registry)
    seconds = Histogram("gedrag_http_request_seconds", "Until they were", ("route",), registry=exposition.registry, buckets=_BUCKETS)

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        began, status = monotonic(), 499  # whoever asked has gone
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            route, method = route_of(request), request.method if request.method in _METHODS else "other"
            requests.labels(method, route, str(status)).inc()
            seconds.labels(route).observe(monotonic() - began)

    app.middlewares.insert(0, counted)
    app.router.add_get("/metrics", exposition.handle)


class _Parts(Collector):
    """What the API and the collector count, where they run."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    def describe(self) -> list[CounterMetricFamily]:
        return []

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        context = self._app.get(CONTEXT)
        if context is not None:
            yield GaugeMetricFamily("gedrag_http_streams", "Streams of changes open now", value=context.streams)
        figures = self._app.get(FIGURES)
        if figures is not None:
            yield _counter("gedrag_collector_calls", "Calls taken", "type", figures.calls)
            yield _counter("gedrag_collector_records", "Records they became", "topic", figures.records)
            yield CounterMetricFamily("gedrag_collector_unknown", "Track calls that stand for nothing", value=figures.unknown)
            yield _counter("gedrag_collector_refused", "Calls that became dead letters", "error", figures.refused)


def _counter(name: str, what: str, label: str, numbers: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, what, labels=[label])
    for value, number in numbers.items():
        family.add_metric([value], number)
    return family
