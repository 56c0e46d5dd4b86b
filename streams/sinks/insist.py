"""Asking Redis until it answers: what must not be left undone because it is away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import RedisError

from streams.sinks.backoff import Backoff
from streams.sinks.outage import Outage

T = TypeVar("T")

#: What is raised while Redis is away.
AWAY = (RedisError, OSError)


class Insist:
    """`outage` is told; `first`, `longest`: seconds between tries. Ends by cancellation alone while Redis is away."""

    def __init__(self, outage: Outage, first: float = 0.5, longest: float = 10.0) -> None:
        self._outage = outage
        self._first = first
        self._longest = longest

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        backoff = Backoff(self._first, self._longest)
        while True:
            try:
                answer = await ask()
            except AWAY as error:
                self._outage.failed(error)
                await asyncio.sleep(backoff.next())
            else:
                self._outage.over()
                return answer
