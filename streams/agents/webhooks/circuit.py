"""Telling an endpoint that fails from a webhook that it refuses: after failures that are not about one webhook, one is tried at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from streams.clock import monotonic
from streams.sinks.backoff import Backoff
from streams.sinks.webhook import Undelivered

#: So many different webhooks refused in a row are the endpoint's doing.
_RUN = 5


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: first and longest wait between tries (doubling, with jitter), and how often to look at what may end any moment."""

    first: float = 1.0
    longest: float = 600.0
    look: float = 1.0


class Circuit:
    """Belongs to one event loop."""

    def __init__(self, in_flight: int, patience: Patience) -> None:
        self._room = asyncio.Semaphore(in_flight)
        self._probing = asyncio.Lock()
        self._backoff = Backoff(patience.first, patience.longest)
        self._look = patience.look
        self._next = 0.0  # not before this moment, on the monotonic clock
        self._refused: set[str] = set()
        self._down = False
        self.since = 0  # failing since, epoch ms; 0: it isn't

    @property
    def failing(self) -> bool:
        return self._down or len(self._refused) >= _RUN

    @asynccontextmanager
    async def turn(self, over: Callable[[], bool]) -> AsyncIterator[None]:
        """To try in: `in_flight` at once, one at a time with waits between while the endpoint fails. Doesn't wait much beyond `over()`."""
        async with self._room:
            if not self.failing:
                yield
                return
            async with self._probing:
                while self.failing and not over() and (wait := self._next - monotonic()) > 0:
                    await asyncio.sleep(min(wait, self._look))
                yield

    def failed(self, webhook_id: str, error: Undelivered, now: int) -> None:
        """`now`: epoch ms."""
        self._refused.add(webhook_id)
        self._down = self._down or error.whole
        self.since = self.since or now
        if self.failing and monotonic() >= self._next:  # of those that failed together one counts
            self._next = monotonic() + max(self._backoff.next(), error.wait)

    def succeeded(self) -> None:
        self._refused.clear()
        self._down = False
        self.since = 0
        self._backoff.reset()
