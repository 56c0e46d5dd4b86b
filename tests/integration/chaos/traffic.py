"""Seeded traffic for as long as a round lasts, that can be made to wait while the broker is away."""

from __future__ import annotations

import asyncio
import json

from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PROFILES, PURCHASES
from streams.clock import now_ms
from tests.integration.worker.shop import APART, Feed, traffic

#: Longer than a round.
_LONG = 3_600.0
#: ms a schedule may be behind before it begins anew: an event must reach the broker about when its `ts` says.
_BEHIND = 100
#: One of so many customers may be mailed from the beginning.
_KNOWN = 4
_TOPICS = (PAGE_VIEWS, CART_EVENTS, PURCHASES, PROFILES)


class Traffic:
    """Events of now, `rate` a second, until `end`."""

    def __init__(self, feed: Feed, seed: int, customers: int, rate: float) -> None:
        self._feed = feed
        self._seed = seed * 1_000
        self._customers = customers
        self._rate = rate
        self._going = asyncio.Event()
        self._going.set()
        self._idle = asyncio.Event()
        self._over = False
        self.over = False  # everything is at the broker, and nothing more will come
        self._visits = 0
        self.events = 0
        self.last = 0  # ms

    async def run(self) -> None:
        for who in range(self._customers // _KNOWN):
            name = f"c{who}"
            await self._feed.event(PROFILES, name, email=f"{name}@example.com", consent={"email": True})
        await asyncio.sleep(APART / 1000)
        while not self._over:
            await self._stretch()
            await self._feed.flush()
            self._idle.set()
            await self._going.wait()
            self._idle.clear()
        self.over = True
        await asyncio.Event().wait()

    async def _stretch(self) -> None:
        """Ends when it is to wait, or has fallen behind: then the next one begins now."""
        self._seed += 1
        for event in traffic(self._seed, self._customers, now_ms(), _LONG, self._rate):
            while (ahead := event.ts - now_ms()) > 0:
                await asyncio.sleep(min(ahead, 20) / 1000)
            if not self._going.is_set() or self._over:
                return
            if ahead < -_BEHIND:
                await asyncio.sleep(APART / 1000)
                return
            await self._feed.send(event.rank, event.key, event.value)
            self.events += 1
            self.last = event.ts

    async def once(self, count: int = 40) -> None:
        """As many customers come, look at one page, and are never seen again."""
        self._visits += 1
        for number in range(count):
            customer = f"once-{self._visits}-{number}"
            event = {"customer_id": customer, "ts": now_ms(), "page_type": "home"}
            await self._feed.send(PAGE_VIEWS, customer.encode(), json.dumps(event).encode())
        await self._feed.flush()

    async def wait(self) -> None:
        """Returns when nothing more is sent and everything is at the broker."""
        self._idle.clear()
        self._going.clear()
        await self._idle.wait()

    async def go_on(self) -> None:
        """After the broker was away: every topic is tried first, since an event that waits for its leader would be late."""
        for rank in _TOPICS:
            for number, customer in enumerate(self._one_a_partition()):
                fields = {"order_id": f"probe-{now_ms()}-{number}", "total": 1, "action": "clear", "page_type": "home"}
                await self._feed.event(rank, f"{customer}-{rank}-{now_ms()}", **fields)
        self._going.set()

    def _one_a_partition(self) -> list[str]:
        return [f"probe-{number}" for number in range(16)]

    def end(self) -> None:
        self._over = True
        self._going.set()
