"""Cross-origin requests: off, unless the setting `api_origins` names the sites whose pages may use the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from streams.settings import Settings

_OURS = ("/v1/customers", "/v1/segments", "/v1/changes", "/v1/sending", "/openapi.json")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}


def attach(app: web.Application, settings: Settings) -> None:
    allowed = settings.api_origins
    if not allowed:
        return

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        origin = request.headers.get("Origin", "")
        if request.path.startswith(_OURS) and origin:
            response.headers.add("Vary", "Origin")
            if allowed == ("*",) or origin.lower() in allowed:
                response.headers["Access-Control-Allow-Origin"] = "*" if allowed == ("*",) else origin
                response.headers["Access-Control-Expose-Headers"] = "Retry-After"

    async def preflight(_: web.Request) -> web.Response:
        return web.Response(status=204, headers=_PREFLIGHT)

    app.on_response_prepare.append(prepare)
    app.router.add_options(r"/v1/{what:(customers|segments|changes|sending)(/.*)?}", preflight)
