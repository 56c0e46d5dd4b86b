"""GET /openapi.json: what the API takes and gives, as OpenAPI 3.1."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aiohttp import web

from scoring.segments.families import FAMILIES
from streams.http.answers import json
from streams.http.api import actions, changes, query, segments, shapes

_ERRORS = {
    400: "A parameter is wrong; `detail` says which, and what is allowed",
    401: "No token, or one that is not known, revoked or expired",
    403: "The token's scope is too narrow",
    404: "There is no such thing",
    410: "The changes after this event are gone",
    429: "Too many requests with this token; Retry-After says how many seconds to wait",
    503: "Something the answer needs does not answer now; Retry-After says when to try again",
}
_DESCRIPTION = (
    "Segments of customers as they are now, why, and every change; all mails stopped, a customer forgotten. "
    "Tokens are made by `gedrag token create`; a request carries one as `Authorization: Bearer gdr_…`."
)


def routes() -> list[web.RouteDef]:
    return [web.get("/openapi.json", _serve)]


async def _serve(request: web.Request) -> web.Response:
    query.only(request)
    return json(document(), headers={"Cache-Control": "max-age=300"})


def document() -> dict[str, Any]:
    customer = _parameter("id", "path", {"type": "string", "minLength": 1, "maxLength": 128}, "The customer's id")
    segment = _parameter("name", "path", {"type": "string", "minLength": 1}, "A simple segment, or a tier as group.tier")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gedrag", "version": _version(), "description": _DESCRIPTION},
        "security": [{"token": []}],
        "paths": {
            "/v1/customers/{id}": {
                "get": _get("customer", "A customer's segments and tiers, and since when", "Customer", [customer], 404),
                "delete": _act("forget", "Forgets a customer under all ids; cannot be undone", "Forgetting", "admin", [customer], 202),
            },
            "/v1/customers/{id}/explain": {
                "get": _get("explain", "Why: every segment, in or out, and when time alone will change it", "Explanation", [customer], 404)
            },
            "/v1/customers/{id}/messages": {
                "get": _get("messages", "What was decided on mails to a customer", "Messages", [customer, _limit(100, 100)], 400, 404)
            },
            "/v1/segments": {
                "get": _get(
                    "segments", "How many customers are in each segment", "Counts",
                    [_parameter("family", "query", {"enum": list(FAMILIES)}, "Only segments of this family")], 400,
                )
            },
            "/v1/segments/{name}/members": {
                "get": _get(
                    "members", "A segment's members, the longest there first", "Members",
                    [
                        segment, _limit(segments.PAGE, segments.MOST),
                        _parameter("cursor", "query", {"type": "string"}, "`next` of the page before"),
                    ],
                    400, 404,
                )
            },
            "/v1/changes": {"get": _changes()},
            "/v1/sending": {"get": _get("sending", "Whether mails go", "Sending", [])},
            "/v1/sending/pause": {
                "post": _act(
                    "pause", "Stops all mails; those that are due wait", "Sending", "act",
                    [_parameter("why", "query", {"type": "string", "maxLength": actions.LONGEST_WHY}, "What others are told")],
                )
            },
            "/v1/sending/resume": {"post": _act("resume", "Lets mails go again", "Sending", "act", [])},
        },
        "components": {
            "schemas": shapes.components(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "gdr_…, by gedrag token create"}},
        },
    }  # fmt: skip


def _get(operation: str, summary: str, schema: str, parameters: list[dict[str, Any]], *errors: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": parameters,
        "responses": {"200": {"description": schema, "content": content}, **_problems(400, *errors)},
    }


def _act(operation: str, summary: str, schema: str, scope: str, parameters: list[dict[str, Any]], *also: int) -> dict[str, Any]:
    """`also`: further statuses of success."""
    told = _get(operation, summary, schema, parameters)
    told["responses"] |= {str(status): told["responses"]["200"] for status in also}
    return told | {"description": f"Needs a token of scope {scope}."}


def _changes() -> dict[str, Any]:
    names = {"type": "array", "items": {"type": "string"}}
    families = {"type": "array", "items": {"enum": list(FAMILIES)}}
    kinds = {"type": "array", "items": {"enum": list(changes.KINDS)}}
    parameters = [
        _parameter(
            "since", "query", {"type": "string"}, "Changes published from this instant on (RFC 3339 or epoch ms); default: from now on"
        ),
        _parameter("segment", "query", names, "Only of these segments, groups of tiers or tiers (group.tier)"),
        _parameter("family", "query", families, "Only of segments of these families"),
        _parameter("kind", "query", kinds, "Only of these kinds"),
        _parameter("Last-Event-ID", "header", {"type": "string"}, "Go on behind this event; EventSource sends it by itself"),
        _parameter("last_event_id", "query", {"type": "string"}, "The same, for clients that can't set headers"),
    ]
    said = (
        "Server-sent events: `id` to resume with, `event` is the kind, `data` the change as JSON. A change may come twice after a crash; "
        "its change_id is the same then."
    )
    return {
        "operationId": "changes",
        "summary": "Changes as they happen",
        "description": said,
        "parameters": parameters,
        "responses": {
            "200": {"description": "A stream without end", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **_problems(400, 410),
        },
    }


def _parameter(name: str, place: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "description": description}


def _limit(default: int, most: int) -> dict[str, Any]:
    return _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": most, "default": default}, "How many at most")


def _problems(*statuses: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
    return {
        str(status): {"description": _ERRORS[status], "content": content, **({"headers": headers} if status in (429, 503) else {})}
        for status in sorted({*statuses, 401, 403, 429, 503})
    }


def _version() -> str:
    try:
        return version("gedrag")
    except PackageNotFoundError:
        return "0"
