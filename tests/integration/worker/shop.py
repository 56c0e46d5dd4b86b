"""A shop's seeded traffic, and what it takes to put it on a broker."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PROFILES, PURCHASES, TOPICS
from streams.clock import now_ms

#: A customer's events are so far apart (ms) that the order in which topics reach the broker cannot make one late.
APART = 300


@dataclass(frozen=True)
class Sent:
    """An event on its way: topic rank, key, JSON value, event time."""

    rank: int
    key: bytes
    value: bytes
    ts: int


def traffic(seed: int, customers: int, start: int, seconds: float, rate: float) -> Iterator[Sent]:
    """Events in order of `ts`, from `start` (ms) on, `rate` a second; a few of them repeat an `event_id`."""
    dice = random.Random(seed)
    free = dict.fromkeys(range(customers), 0)
    told: dict[int, str] = {}
    for number in range(int(seconds * rate)):
        ts = start + int(number * 1000 / rate)
        who = dice.randrange(customers)
        if free[who] > ts:
            continue
        free[who] = ts + APART
        customer = f"c{who}"
        event: dict[str, Any] = {"customer_id": customer, "ts": ts}
        roll = dice.random()
        if roll < 0.6:
            rank = PAGE_VIEWS
            event |= {"page_type": "product", "product_id": f"p{dice.randrange(50)}"}
        elif roll < 0.85:
            rank = CART_EVENTS
            action = dice.choice(["add", "add", "add", "remove", "update", "clear", "checkout_started"])
            event |= {"action": action}
            if action in ("add", "remove", "update"):
                event |= {"product_id": f"p{dice.randrange(5)}", "quantity": dice.randrange(1, 4), "price": dice.choice([9.95, 20, 0.125])}
        elif roll < 0.98:
            rank = PURCHASES
            event |= {"order_id": f"o{seed}-{number}", "total": dice.randrange(5, 90)}
        else:
            rank = PROFILES
            event |= {"email": f"{customer}@example.com", "consent": {"email": True}}
        if dice.random() < 0.2:
            event["event_id"] = told[who] if who in told and dice.random() < 0.2 else f"e{seed}-{number}"
            told[who] = event["event_id"]
        yield Sent(rank, customer.encode(), json.dumps(event).encode(), ts)


class Feed:
    """Puts events on the topics of a prefix."""

    def __init__(self, address: str, prefix: str, partitions: int = 4, idempotence: bool = True) -> None:
        self._address = address
        self._idempotence = idempotence
        self._prefix = prefix
        self._numbers = list(range(partitions))
        self._place = DefaultPartitioner()

    def partition(self, key: bytes) -> int:
        return int(self._place(key, self._numbers, self._numbers))

    async def __aenter__(self) -> Feed:
        self._producer = AIOKafkaProducer(bootstrap_servers=self._address, enable_idempotence=self._idempotence, linger_ms=2)
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, rank: int, key: bytes | None, value: bytes | None, timestamp: int | None = None) -> None:
        partition = None if key is None else self.partition(key)
        await self._producer.send(self._prefix + TOPICS[rank], value, key, partition, timestamp)

    async def flush(self) -> None:
        """Returns when all is at the broker."""
        await self._producer.flush()

    async def event(self, rank: int, customer: str, ts: int | None = None, **fields: Any) -> None:
        """One event, at the broker when this returns; `ts` defaults to now."""
        value = {"customer_id": customer, "ts": now_ms() if ts is None else ts, **fields}
        await self.send(rank, customer.encode(), json.dumps(value).encode())
        await self._producer.flush()

    async def each(self, rank: int, count: int, **fields: Any) -> None:
        """One event of now for each of customers c0, c1, …; `{}` in a field is the customer's number. At the broker when this returns."""
        for number in range(count):
            customer = f"c{number}"
            filled = {name: value.format(number) if isinstance(value, str) else value for name, value in fields.items()}
            value = {"customer_id": customer, "ts": now_ms(), **filled}
            await self.send(rank, customer.encode(), json.dumps(value).encode())
        await self._producer.flush()

    async def backlog(self, events: Iterable[Sent], *, old: bool = False) -> None:
        """All at once, topic by topic, so that nothing but event time tells their order. Written each at its own time; `old` ones now:
        the broker's next look at retention would delete them under the test."""
        for event in sorted(events, key=lambda each: (each.rank, each.ts)):
            await self.send(event.rank, event.key, event.value, now_ms() if old else event.ts)
        await self._producer.flush()

    async def live(self, events: Iterable[Sent], until: asyncio.Event | None = None) -> int:
        """Each at its own time, to the end or until the event is set; returns the last one's time."""
        last = 0
        for event in events:
            if until is not None and until.is_set():
                break
            while (ahead := event.ts - now_ms()) > 0:
                await asyncio.sleep(min(ahead, 20) / 1000)
            await self.send(event.rank, event.key, event.value)
            last = event.ts
        await self._producer.flush()
        return last
