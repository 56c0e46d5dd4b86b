"""A receiver of webhooks, as somebody would build one: it verifies with the specification's own library, and keeps what it got."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdefghijklmnopqrstuv").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret, of other 32 byte").decode()


@dataclass
class Receiver:
    """`answer(data)`: the status for a change, or an answer. `got`: (webhook-id, raw body) of those that were taken; `tries`: of all."""

    secret: str = SECRET
    port: int = 0
    answer: Callable[[dict[str, Any]], int | web.Response] = lambda data: 204
    hold: asyncio.Event | None = None
    got: list[tuple[str, bytes]] = field(default_factory=list)
    tries: list[tuple[str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    _runner: Any = None

    async def start(self) -> Receiver:
        app = web.Application()
        app.router.add_post("/hook", self._hook)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return self

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        change = Webhook(self.secret).verify(body, headers)  # raises, and so answers 500, if it isn't ours
        self.tries.append((headers["webhook-id"], body))
        self.headers.append(headers)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if self.hold is not None:
                await self.hold.wait()
            answer = self.answer(change["data"])
        finally:
            self.under_way -= 1
        if isinstance(answer, web.Response):
            return answer
        if 200 <= answer < 300:
            self.got.append((headers["webhook-id"], body))
        return web.Response(status=answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """In the order taken, each once."""
        return list(dict.fromkeys(each for each, _ in self.got))

    def of(self, customer: str) -> list[int]:
        """The episodes of a customer's changes in the order they first came."""
        first = dict(reversed(self.got))
        order = [first[each] for each in self.ids]
        data = [json.loads(body)["data"] for body in order]
        return [each["episode"] for each in data if each["customer_id"] == customer]
