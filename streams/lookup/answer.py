"""The worker's side: a customer's value as it is in memory, for those who have the internal token.

It costs the engine's loop a look into a dictionary; whoever asks takes the value apart. Values are replaced, never changed, so that one
is always a state between two events.

GET /internal/customers/{id}               200 the value (changelog.py), headers below; 404 nobody of that id; 409 not ours now
GET /internal/definitions/{fingerprint}    200 the text of the definitions it was judged under; 404 not ours
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from aiohttp import web

from streams.customers.changelog import with_slot
from streams.customers.partition import Partition
from streams.kafka.place import partition_of
from streams.lookup.announce import Announcer, reachable

if TYPE_CHECKING:
    from scoring.engine import Engine
    from streams.settings import Settings

#: Headers: the token, and the instant (ms) before which all deadlines have fired.
TOKEN, FIRED = "X-Gedrag-Internal-Token", "X-Gedrag-Fired"


class Answers:
    """`owned` gives the partitions that are ours beyond doubt at this moment, by number; `address` says where the worker's web listens."""

    def __init__(self, settings: Settings, engine: Engine, owned: Callable[[], dict[int, Partition]], address: Callable[[], str]) -> None:
        self._owned = owned
        self._definitions = {f"{engine.fingerprint:08x}": engine.layout()}
        self._partitions = settings.partitions
        self.announcer = Announcer(settings, self._numbers, lambda: reachable(address(), settings.redis))
        self.routes: list[web.RouteDef] = [
            web.get("/internal/customers/{id}", self._customer),
            web.get("/internal/definitions/{fingerprint}", self._definition),
        ]

    def _numbers(self) -> Iterable[int]:
        return self._owned().keys()

    def _refused(self, request: web.Request) -> bool:
        token, given = self.announcer.token, request.headers.get(TOKEN, "")
        return token is None or not hmac.compare_digest(token.encode(), given.encode("utf-8", "surrogateescape"))

    async def _customer(self, request: web.Request) -> web.Response:
        if self._refused(request):
            return web.Response(status=401)
        key = request.match_info["id"].encode("utf-8", "surrogatepass")
        partition = self._owned().get(partition_of(key, self._partitions))
        if partition is None:
            return web.Response(status=409)
        stored = partition.states.get(key)
        if stored is None:
            return web.Response(status=404)
        return web.Response(body=with_slot(stored, 0), content_type="application/octet-stream", headers={FIRED: str(partition.wheel.fired)})

    async def _definition(self, request: web.Request) -> web.Response:
        if self._refused(request):
            return web.Response(status=401)
        found = self._definitions.get(request.match_info["fingerprint"])
        return web.Response(status=404) if found is None else web.Response(body=found, content_type="application/toml")
