"""Ids that are customers no more, or again: Redis is told who was forgotten, and keeps nothing under their names.

What it has of the mails of an id that was joined to another goes along.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from redis.exceptions import RedisError

from scoring.events.instants import epoch_ms
from scoring.events.invalid import Invalid
from streams.agents.dead_letters import DeadLetterBox
from streams.erasure import note_back, note_erased, sweep
from streams.sinks.insist import Insist
from streams.sinks.joining import move
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from streams.settings import Settings

#: Seconds after which Redis is gone through once more: by then others have taken in what was on its way to it.
ONCE_MORE = 60.0


class _Notice(msgspec.Struct):
    customer_id: str
    why: Literal["merge", "erasure", "return"]
    at: str
    into: str | None = None


_decode = msgspec.json.Decoder(_Notice).decode


class Departures:
    """Brings records of `departures` into Redis, whatever fails on the way."""

    def __init__(self, redis: Any, settings: Settings, letters: DeadLetterBox) -> None:
        self._redis = redis
        self._settings = settings
        self._letters = letters
        self._outage = Outage("Redis", "what it keeps of forgotten customers waits there")
        self._insist = Insist(self._outage)
        self._later: set[asyncio.Task[None]] = set()

    async def take(self, messages: list[Any]) -> None:
        """Returns when all of them are done, or dead letters. Waits while Redis is away."""
        for message in messages:
            try:
                notice = _decode(message.value or b"")
                at = epoch_ms(notice.at)
            except (msgspec.DecodeError, Invalid) as error:
                await self._letters.put(message, "not_a_departure", str(error))
            else:
                await self._insist(partial(self._one, notice, at))

    async def _one(self, notice: _Notice, at: int) -> None:
        if notice.why == "return":
            await note_back(self._redis, self._settings, notice.customer_id, at)
            return
        if notice.why == "erasure":
            await note_erased(self._redis, self._settings, notice.customer_id, at)
        await self._clear(notice)
        again = asyncio.create_task(self._clear_again(notice))
        self._later.add(again)
        again.add_done_callback(self._later.discard)

    async def _clear(self, notice: _Notice) -> None:
        if notice.why == "merge" and notice.into is not None:
            await move(self._redis, self._settings.app_id, notice.customer_id, notice.into)
        await sweep(self._redis, self._settings, notice.customer_id)

    async def _clear_again(self, notice: _Notice) -> None:
        await asyncio.sleep(ONCE_MORE)
        try:
            await self._clear(notice)
        except (RedisError, OSError) as error:
            self._outage.failed(error)
