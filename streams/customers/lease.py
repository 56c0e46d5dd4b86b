"""The right to write, by our own clock.

A worker that is stopped for longer than the session (SIGSTOP, swapping, a paused machine) has been replaced when it
goes on, and Kafka would still take its records. So nothing is sent unless a heartbeat sent within the session was
answered; once it has expired, the next heartbeat decides: a broker that was away renews it, a group that has
dropped us ends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from streams.kafka.errors import LeaseLost

#: Part of the session after which records are held back, so that one that passes arrives within it.
SAFE = 0.8


def elapsed() -> float:
    """Seconds, counting those in which the whole machine was suspended where the system can tell."""
    try:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError):
        return time.monotonic()


class Lease:
    """`session` in seconds. `held_up` tells whether records of ours may still be on their way."""

    def __init__(self, session: float, held_up: Callable[[], bool], clock: Callable[[], float] = elapsed) -> None:
        self._session = session * SAFE
        self._held_up = held_up
        self._clock = clock
        self._beat = float("-inf")
        self._lost = False
        self._changed = asyncio.Event()

    def renew(self, at: float | None = None) -> None:
        """A heartbeat sent at `at` (or a join that ends now) was answered."""
        self._beat = max(self._beat, self._clock() if at is None else at)
        self._notify()

    def drop(self) -> None:
        """The group does not know us any more. With nothing on its way we may simply join again."""
        self._beat = float("-inf")
        if self._held_up():
            self._lost = True
        self._notify()

    @property
    def held(self) -> bool:
        return not self._lost and self._clock() - self._beat < self._session

    @property
    def silence(self) -> float:
        """Seconds since the newest heartbeat that was answered was sent."""
        return self._clock() - self._beat

    async def gate(self) -> None:
        """Returns at once while the lease is held; else waits for what the next heartbeat brings. Raises LeaseLost."""
        while not self.held:
            if self._lost:
                raise LeaseLost("the consumer group gave this worker's partitions to another one; start it again to take part")
            self._changed.clear()
            await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
