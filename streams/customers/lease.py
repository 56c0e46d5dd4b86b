"""The right to write, by our own clock.

A worker that is stopped for longer than the session (SIGSTOP, swapping, a paused machine) has been replaced when it
goes on, and Kafka would still take its records. So nothing is sent unless a heartbeat sent within the session was
answered; once it has expired, the next heartbeat decides: a broker that was away renews it, a group that has
dropped us ends it. An ended lease stays ended, and with it whatever was waiting to be sent under it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiokafka.errors import KafkaError

#: Part of the session after which records are held back, so that one that passes arrives within it.
SAFE = 0.8


class LeaseEnded(KafkaError):  # type: ignore[misc]
    """Records were to be sent by a worker whose partitions are somebody else's. No use trying again."""

    retriable = False


def elapsed() -> float:
    """Seconds, counting those in which the whole machine was suspended where the system can tell."""
    try:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError):
        return time.monotonic()


class Lease:
    """`session` in seconds."""

    def __init__(self, session: float, clock: Callable[[], float] = elapsed) -> None:
        self._session = session * SAFE
        self._clock = clock
        self._beat = float("-inf")
        self._changed = asyncio.Event()
        self.ended = False

    def renew(self, at: float | None = None) -> None:
        """A heartbeat sent at `at` (or a join that ends now) was answered."""
        self._beat = max(self._beat, self._clock() if at is None else at)
        self._changed.set()

    def end(self) -> None:
        """The partitions are not ours any more."""
        self.ended = True
        self._changed.set()

    @property
    def held(self) -> bool:
        return not self.ended and self.silence < self._session

    @property
    def silence(self) -> float:
        """Seconds since the newest heartbeat that was answered was sent."""
        return self._clock() - self._beat

    async def gate(self) -> None:
        """Returns at once while the lease is held; else waits for what the next heartbeat brings. Raises LeaseEnded."""
        while not self.held:
            if self.ended:
                raise LeaseEnded("the partitions are another worker's now")
            self._changed.clear()
            await self._changed.wait()
