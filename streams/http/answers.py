"""What all answers have in common: errors as problem JSON (RFC 9457), safe headers, and a line in the log that names nobody."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from streams.clock import monotonic

if TYPE_CHECKING:
    from streams.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PROBLEM = "application/problem+json"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: What to say of errors the server's own library raises.
_REMEDIES = {
    404: "There is nothing at this address; /openapi.json lists what there is.",
    405: "This address does not take that method; see the Allow header.",
    413: "The body is too large; send less at once.",
}
#: Asked every few seconds by machines: not worth a line.
_QUIET = ("/health/live", "/health/ready", "/metrics")

log = structlog.get_logger(__name__)


class Problem(Exception):
    """Ends a request with a status and problem JSON. `detail` says what to do next; `more` are further members of the object."""

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(title)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.body), status=self.status, content_type=PROBLEM, headers=self.headers)


def json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """`value` as msgspec writes it."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers)


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever a handler raises into problem JSON. Errors of ours are logged, and not told."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPError as error:
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        detail = _REMEDIES.get(error.status, "Put the request right and send it again.")
        return Problem(error.status, error.reason or HTTPStatus(error.status).phrase, detail, headers).response()
    except (web.HTTPException, ConnectionError):
        raise
    except Exception:
        log.exception("a request failed", route=route_of(request))
        return Problem(500, "Internal Server Error", "The server failed, and its log says how; trying again may help.").response()


@web.middleware
async def logged(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line a request: the route's pattern, never the path, which may hold a customer's id."""
    began, status = monotonic(), 499
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        if (route := route_of(request)) not in _QUIET:
            log.info("request", method=request.method, route=route, status=status, ms=round((monotonic() - began) * 1000, 1))


class _Nameless(logging.Filter):
    """Keeps what a malformed request said out of the log: its path may hold an id, its headers a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
            record.msg, record.args, record.exc_info = "a malformed request was refused", (), None
        return True


def server_log() -> logging.Logger:
    """For the library that serves."""
    logger = logging.getLogger("aiohttp.server.gedrag")
    if not logger.filters:
        logger.addFilter(_Nameless())
    return logger


def route_of(request: web.Request) -> str:
    """The pattern of the request's route, such as /v1/customers/{id}; "-" if there is none."""
    resource = request.match_info.route.resource
    return "-" if resource is None else resource.canonical


def headers(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Sets what keeps a browser from doing more with an answer than show it; a part's own headers come first."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Server"] = "gedrag"

    return prepare
