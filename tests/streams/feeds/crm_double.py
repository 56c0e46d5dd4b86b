"""HubSpot's contacts as its documentation describes them: limits, errors of a batch and of single inputs, properties that must be there."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "pat-eu1-secret"
_WORDS = {"enumeration": {"true", "false"}}


@dataclass
class Crm:
    """`rate` requests in `window` seconds, `daily` in all. `contacts`: by the unique property's value; `writes`: every one, in order."""

    rate: int = 100
    window: float = 10.0
    daily: int = 250_000
    retry_after: bool = True
    port: int = 0
    down: int = 0
    garbled: int = 0  # answers of which half is missing
    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    writes: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    arrived: deque[float] = field(default_factory=deque)
    early: int = 0  # requests made although they were told to wait
    not_before: float = 0.0
    properties: dict[str, dict[str, Any]] = field(default_factory=lambda: {"email": {"name": "email", "hasUniqueValue": True}})
    groups: set[str] = field(default_factory=set)
    _runner: Any = None

    async def start(self) -> Crm:
        app = web.Application(client_max_size=10_000_000, middlewares=[self._guarded])
        app.router.add_post("/crm/v3/objects/contacts/batch/upsert", self._upsert)
        app.router.add_get("/crm/v3/properties/contacts", self._listed)
        app.router.add_get("/crm/v3/properties/contacts/groups", self._grouped)
        app.router.add_post("/crm/v3/properties/contacts/groups", self._group)
        app.router.add_post("/crm/v3/properties/contacts/batch/create", self._create)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return self

    async def stop(self) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Any) -> web.StreamResponse:
        answer = await self._limited(request) or await handler(request)
        self.statuses.append(answer.status)
        return answer  # type: ignore[no-any-return]

    async def _limited(self, request: web.Request) -> web.Response | None:
        await request.read()
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "Authentication credentials not found.", category="INVALID_AUTHENTICATION")
        if self.down:
            self.down -= 1
            return _error(502, "Bad gateway")
        now = time.monotonic()
        self.early += now < self.not_before
        while self.arrived and self.arrived[0] <= now - self.window:
            self.arrived.popleft()
        if sum(status in (200, 207) for status in self.statuses) >= self.daily:
            return _error(429, "You have reached your daily limit.", errorType="RATE_LIMIT", policyName="DAILY")
        if len(self.arrived) >= self.rate:
            headers = {}
            if self.retry_after:
                wait = int(self.arrived[0] + self.window - now) + 1
                self.not_before, headers = now + wait - 0.05, {"Retry-After": str(wait)}
            words = "You have reached your ten_secondly_rolling limit."
            return _error(429, words, headers, errorType="RATE_LIMIT", policyName="TEN_SECONDLY_ROLLING")
        self.arrived.append(now)
        return None

    async def _upsert(self, request: web.Request) -> web.Response:
        inputs = (await request.json())["inputs"]
        if self.garbled:
            self.garbled -= 1
            return web.Response(text='{"status":"COMPLETE","resul', status=207)
        self.sizes.append(len(inputs))
        ids = [(each["idProperty"], each["id"]) for each in inputs]
        if len(inputs) > 100:
            return _error(400, "The maximum number of inputs is 100", category="VALIDATION_ERROR")
        if len(set(ids)) < len(ids):
            return _error(400, "Duplicate IDs found in batch input", category="VALIDATION_ERROR")
        if any(not self.properties.get(name, {}).get("hasUniqueValue") for name, _ in ids):
            return _error(400, "idProperty is not a unique property", category="VALIDATION_ERROR")
        if any("poison" in number for _, number in ids):
            return _error(400, "Property values were not valid", category="VALIDATION_ERROR")
        results, errors = [], []
        for each in inputs:
            if why := self._wrong(each):
                trace = each.get("objectWriteTraceId")
                context = {"objectWriteTraceId": [trace]} if trace else {}
                errors.append({"status": "error", "category": "VALIDATION_ERROR", "message": why, "context": context})
                continue
            self.contacts.setdefault(each["id"], {}).update(each["properties"])
            self.writes.append((each["id"], each["properties"]))
            results.append({"id": str(len(self.contacts)), "properties": each["properties"], "new": False})
        body: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if errors:
            body |= {"numErrors": len(errors), "errors": errors}
        return web.json_response(body, status=207 if errors else 200)

    def _wrong(self, each: dict[str, Any]) -> str:
        for name, value in each["properties"].items():
            if name not in self.properties:
                return f'PROPERTY_DOESNT_EXIST: Property "{name}" does not exist'
            allowed = _WORDS.get(self.properties[name].get("type", ""))
            if value and allowed is not None and value not in allowed:
                return f"INVALID_OPTION: {value} was not one of the allowed options"
        return "INVALID_EMAIL" if "bad" in each["id"] else ""

    async def _listed(self, request: web.Request) -> web.StreamResponse:
        """In two pieces, as anything of that length comes over a network."""
        body = json.dumps({"results": list(self.properties.values())}).encode()
        answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        await answer.prepare(request)
        await answer.write(body[: len(body) // 2])
        await asyncio.sleep(0.05)
        await answer.write(body[len(body) // 2 :])
        return answer

    async def _grouped(self, request: web.Request) -> web.Response:
        return web.json_response({"results": [{"name": each} for each in self.groups]})

    async def _group(self, request: web.Request) -> web.Response:
        self.groups.add((await request.json())["name"])
        return web.json_response({}, status=201)

    async def _create(self, request: web.Request) -> web.Response:
        for each in (await request.json())["inputs"]:
            if each["groupName"] not in self.groups or not re.fullmatch("[a-z][a-z0-9_]*", each["name"]) or each["name"] in self.properties:
                return _error(400, f"can't make {each['name']}")
            self.properties[each["name"]] = each
        return web.json_response({"status": "COMPLETE", "results": []}, status=201)


def _error(status: int, message: str, headers: dict[str, str] | None = None, **more: str) -> web.Response:
    return web.json_response({"status": "error", "message": message, **more}, status=status, headers=headers)
