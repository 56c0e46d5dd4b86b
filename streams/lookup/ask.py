"""The asker's side: a customer's state from the worker that owns its partition."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from scoring.engine import Engine
from scoring.segments.read import read
from scoring.state import Customer
from streams.clock import monotonic
from streams.customers.changelog import state_of
from streams.kafka.place import partition_of
from streams.lookup.announce import internal_token, key_of
from streams.lookup.answer import FIRED, TOKEN

if TYPE_CHECKING:
    from streams.settings import Settings

#: Seconds a worker may take to answer, an address is believed, and a partition that moves is waited for.
WITHIN, BELIEVED, PATIENCE = 2.0, 2.0, 1.0
#: Engines kept, by the definitions they are made of.
_ENGINES = 4


class Moving(Exception):
    """No worker answers for the customer's partition now; says why. It passes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A customer's state, and the instant (ms) before which its deadlines have fired."""

    state: Customer
    fired: int


class Workers:
    """Asks workers. An async context manager; `redis` is an asyncio client that gives bytes.

    All methods raise RedisError or OSError while Redis is away.
    """

    def __init__(self, redis: Any, settings: Settings) -> None:
        self._redis = redis
        self._settings = settings
        self._token = ""
        self._addresses: dict[int, tuple[str, float]] = {}
        self._engines: dict[int, Engine] = {}

    async def __aenter__(self) -> Workers:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._session.close()

    async def customer(self, customer_id: str) -> Found | None:
        """None: there is no customer of that id. Raises Moving after about a second in which nobody answered for its partition."""
        key = customer_id.encode("utf-8", "surrogatepass")
        answer = await self._ask(partition_of(key, self._settings.partitions), f"/internal/customers/{quote(key, safe='')}")
        if answer is None:
            return None
        body, headers = answer
        return Found(state_of(body), int(headers[FIRED]))

    async def engine(self, customer_id: str, fingerprint: int) -> Engine:
        """The engine, without campaigns, of the definitions a customer was judged under. Raises Moving."""
        found = self._engines.get(fingerprint)
        if found is None:
            partition = partition_of(customer_id.encode("utf-8", "surrogatepass"), self._settings.partitions)
            answer = await self._ask(partition, f"/internal/definitions/{fingerprint:08x}")
            if answer is None:
                raise Moving("the customer is being taken over to new definitions")
            if len(self._engines) >= _ENGINES:
                self._engines.clear()
            found = self._engines[fingerprint] = Engine(read(answer[0].decode()), None, self._settings.lateness)
        return found

    async def _ask(self, partition: int, path: str) -> tuple[bytes, dict[str, str]] | None:
        end, why = monotonic() + PATIENCE, ""
        while True:
            address = await self._address(partition)
            if address is None:
                why = f"no worker has partition {partition} now; it is being taken over, or no worker runs"
            else:
                status, body, headers = await self._get(address, path)
                if status == 200:
                    return body, headers
                if status == 404:
                    return None
                why = f"partition {partition} is moving from one worker to another"
                if status == 401:
                    self._token = ""  # made anew, or this is another's worker
                    why = f"the worker of partition {partition} refuses the internal token; is internal_token the same for all?"
                elif status == 0:
                    why = f"the worker of partition {partition} does not answer at {address}; can this machine reach it? (setting web)"
                self._addresses.pop(partition, None)
            if monotonic() > end:
                raise Moving(why)
            await asyncio.sleep(0.1)

    async def _address(self, partition: int) -> str | None:
        known = self._addresses.get(partition)
        if known is not None and monotonic() - known[1] < BELIEVED:
            return known[0]
        found = await self._redis.get(key_of(self._settings.app_id, partition))
        if found is None:
            return None
        self._addresses[partition] = found.decode(), monotonic()
        return str(found.decode())

    async def _get(self, address: str, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Status 0: nobody answered."""
        if not self._token:
            self._token = await internal_token(self._redis, self._settings)
        url = f"http://{address}{path}"  # quoted already: an id may look like something to be put right
        try:
            async with self._session.get(URL(url, encoded=True), headers={TOKEN: self._token}) as answer:
                return answer.status, await answer.read(), dict(answer.headers)
        except (aiohttp.ClientError, TimeoutError):
            return 0, b"", {}
