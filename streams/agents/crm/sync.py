"""Changes brought into the CRM: of each customer what is newest, a hundred customers a request, as fast as the limits allow.

Requests go one after another, over all processes: a request that is late can't put back what a later one wrote. A contact that is refused
becomes a dead letter; a batch that is refused whole is taken apart to find whose fault it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.exceptions import LockError, RedisError

from streams.agents.crm.properties import values
from streams.agents.standing import Standing
from streams.agents.webhooks import change
from streams.agents.webhooks.forgotten import Erased, nobody
from streams.sinks.backoff import Backoff
from streams.sinks.hubspot import BATCH, Away, Busy, Contact, HubSpot, Refused, Unwelcome
from streams.sinks.insist import Insist
from streams.sinks.outage import Outage
from streams.sinks.request_limits import RequestLimits

log = structlog.get_logger(__name__)

#: (message, error, detail): keeps a dead letter.
Keep = Callable[[Any, str, str], Awaitable[None]]


@dataclass(slots=True)
class _Pending:
    """A customer's newest properties, and the changes they come from."""

    properties: dict[str, str] = field(default_factory=dict)
    messages: list[Any] = field(default_factory=list)


class Sync:
    """Belongs to one event loop. `current(message)`: is its partition still ours."""

    def __init__(
        self, hubspot: HubSpot, limits: RequestLimits, keep: Keep, prefix: str, current: Callable[[Any], bool] = lambda message: True,
        erased: Erased = nobody, longest: float = 60.0,
    ) -> None:  # fmt: skip
        """`longest`: seconds between tries while the CRM doesn't answer."""
        self._hubspot = hubspot
        self._limits = limits
        self._keep = keep
        self._prefix = prefix
        self._current = current
        self._erased = erased
        self._longest = longest
        self._standing = Standing()
        self._redis = Outage("Redis", "contacts stand still; they catch up when Redis answers")
        self._ask = Insist(self._redis, 0.2)
        self.busy = False
        self.figures = dict.fromkeys(("requests", "contacts", "limited", "refused"), 0)

    @property
    def obstacles(self) -> list[str]:
        """Why contacts stand still; empty when they don't."""
        words = {"away": "HubSpot is away", "unwelcome": "HubSpot refuses us"}
        return [said for name, said in words.items() if self._standing.stands(name)]

    async def take(self, messages: Sequence[Any]) -> None:
        """Returns when all of them are in the CRM, dead letters, or no longer ours."""
        customers: dict[str, _Pending] = {}
        for message in messages:
            try:
                record = change.read(message.value)
            except change.NotAChange as error:
                await self._keep(message, "not_a_change", f"crm: {error}")
                continue
            if await self._is_erased(record):
                continue
            pending = customers.setdefault(record.customer_id, _Pending())
            pending.properties |= values(self._prefix, record.segment, record.kind, record.to, record.at)
            pending.messages.append(message)
        waiting = list(customers.items())
        self.busy = True
        for start in range(0, len(waiting), BATCH):
            await self._send(waiting[start : start + BATCH])
        self.busy = False

    async def _is_erased(self, record: change.Record) -> bool:
        return await self._ask(lambda: self._erased(record))

    async def _send(self, portion: list[tuple[str, _Pending]]) -> None:
        try:
            refused = await self._insist(portion)
        except Refused as error:
            if len(portion) == 1:
                await self._refuse(portion[0][1], str(error))
            else:
                half = len(portion) // 2
                await self._send(portion[:half])
                await self._send(portion[half:])
            return
        for index, words in refused.items():
            await self._refuse(portion[index][1], words)

    async def _refuse(self, pending: _Pending, words: str) -> None:
        self.figures["refused"] += 1
        for message in pending.messages:
            await self._keep(message, "crm_refused", words)

    async def _insist(self, portion: list[tuple[str, _Pending]]) -> dict[int, str]:
        """Why some are refused, by their place. Tries until there is an answer. Raises Refused."""
        backoff = Backoff(0.5, self._longest)
        while any(self._current(pending.messages[-1]) for _, pending in portion):
            try:
                async with self._limits.turn():
                    wait = await self._limits.take()
                    if not wait:
                        return await self._once(portion)
            except LockError:
                continue  # the turn was over before the answer came: once more
            except (RedisError, OSError) as error:
                self._redis.failed(error)
                wait = backoff.next()
            except Busy as error:
                wait = await self._busy(error)
            except Away as error:
                self._standing.begins("away", "HubSpot is away", "contacts catch up when it answers", str(error))
                wait = backoff.next()
            except Unwelcome as error:
                self._standing.ends("away", "HubSpot is back")
                remedy = "changes wait in Kafka; see to the token's scopes, and to: gedrag crm setup"
                self._standing.begins("unwelcome", "HubSpot refuses us", remedy, str(error))
                wait = backoff.next()
            while wait > 0 and self._current(portion[0][1].messages[0]):
                await asyncio.sleep(min(wait, 1.0))
                wait -= 1.0
        return {}

    async def _once(self, portion: list[tuple[str, _Pending]]) -> dict[int, str]:
        # A partition that was lost is somebody else's, who may be further by now.
        ours = [index for index, (_, pending) in enumerate(portion) if self._current(pending.messages[-1])]
        self.figures["requests"] += 1
        refused = await self._hubspot.upsert([Contact(portion[index][0], portion[index][1].properties) for index in ours])
        self._redis.over()
        self._standing.ends("away", "HubSpot is back")
        self._standing.ends("unwelcome", "HubSpot takes contacts again")
        self.figures["contacts"] += len(ours) - len(refused)
        return {ours[index]: words for index, words in refused.items()}

    async def _busy(self, error: Busy) -> float:
        self.figures["limited"] += 1
        log.warning("HubSpot's limit is reached: contacts wait", error=str(error), seconds=error.wait)
        try:
            await self._limits.wait(error.wait)
        except (RedisError, OSError) as failure:
            self._redis.failed(failure)
        return error.wait
