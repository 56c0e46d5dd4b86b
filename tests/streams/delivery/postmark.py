"""A double of Postmark's API that answers as its documentation says: https://postmarkapp.com/developer/api/email-api and …/overview."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from streams.clock import monotonic

TOKEN = "11111111-2222-3333-4444-555555555555"
#: Of the addresses that hard bounced before, and complained.
INACTIVE = "gone@example.org"


@dataclass
class Postmark:
    """`accepted`: bodies of POST /email that were taken. `answers`: (status, ErrorCode, Message) to give next."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    answers: deque[tuple[int, int, str]] = field(default_factory=deque)
    always: tuple[int, int, str] | None = None
    per_second: int = 0  # more are answered 429
    hold: asyncio.Event | None = None  # waited for after a message was accepted, before the answer
    free: int = 0  # so many messages are not held
    asked: int = 0
    url: str = ""
    _times: deque[float] = field(default_factory=deque)
    _runner: Any = None

    async def start(self) -> None:
        app = web.Application()
        app.add_routes([web.post("/email", self._email), web.get("/server", self._server), web.get("/messages/outbound", self._outbound)])
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self.hold is not None:
            self.hold.set()
        await self._runner.cleanup()

    def to(self, address: str) -> list[dict[str, Any]]:
        return [body for body in self.accepted if body["To"] == address]

    async def _email(self, request: web.Request) -> web.Response:
        self.asked += 1
        if refusal := self._refused(request):
            return refusal
        body = await request.json()
        if problem := _invalid(body):
            return _error(422, 300, problem)
        if body["To"] == INACTIVE:
            said = "You tried to send to a recipient that has been marked as inactive.\nFound inactive addresses: gone@example.org.\n"
            return _error(422, 406, said + "Inactive recipients are ones that have generated a hard bounce or a spam complaint.")
        self.accepted.append(body)
        if self.hold is not None and len(self.accepted) > self.free:
            await self.hold.wait()
        answer = {"To": body["To"], "SubmittedAt": "2014-02-17T07:25:01.4178645-05:00", "MessageID": str(uuid.uuid4()), "ErrorCode": 0}
        return web.json_response(answer | {"Message": "OK"})

    async def _server(self, request: web.Request) -> web.Response:
        return self._refused(request) or web.json_response({"ID": 1, "Name": "Staging", "Color": "red"})

    async def _outbound(self, request: web.Request) -> web.Response:
        if refusal := self._refused(request):
            return refusal
        if "count" not in request.query or "offset" not in request.query:
            return _error(422, 602, "You must specify a valid 'count' and 'offset'.")
        wanted = {name.removeprefix("metadata_"): value for name, value in request.query.items() if name.startswith("metadata_")}
        found = [body for body in self.accepted if wanted.items() <= body["Metadata"].items()]
        return web.json_response({"TotalCount": len(found), "Messages": [{"Metadata": body["Metadata"]} for body in found]})

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("X-Postmark-Server-Token") != TOKEN:
            return _error(401, 10, "The Server Token you provided in the X-Postmark-Server-Token request header was invalid.")
        now = monotonic()
        while self._times and now - self._times[0] > 1:
            self._times.popleft()
        if self.per_second and len(self._times) >= self.per_second:
            return _error(429, 429, "You have exceeded your rate limit.", {"Retry-After": "1"})
        self._times.append(now)
        if self.answers and request.method == "POST":
            return _error(*self.answers.popleft())
        return _error(*self.always) if self.always else None


def _invalid(body: dict[str, Any]) -> str:
    if body.get("From", "").count("@") != 1:
        return "Invalid 'From' address."
    if "@" not in body.get("To", "") or body["To"].endswith("@localhost"):
        return "Error parsing 'To': Illegal email address."
    if not body.get("HtmlBody") and not body.get("TextBody"):
        return "Provide either email TextBody or HtmlBody or both."
    metadata = body.get("Metadata", {})
    if len(metadata) > 10 or any(len(name) > 20 or len(value) > 80 for name, value in metadata.items()):
        return "Metadata fields have at most 20 characters in their names and 80 in their values."
    return ""


def _error(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps({"ErrorCode": code, "Message": message})
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)
