"""What is remembered of a webhook endpoint in Redis: how far it is, and how it stands.

<app_id>:webhooks:<endpoint>:progress   hash   <topic>/<partition> -> which changes it has had (agents/webhooks/ledger.py)
<app_id>:webhooks:<endpoint>            hash   closed (paused, disabled or dead), closed_at, closed_why: it gets nothing;
                                               failing_since, failing_why: it doesn't answer as it should; delivered_at. Times: ms
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint stands. `closed`: "", or why it gets nothing: paused (by hand), disabled (it said 410 Gone), dead (no success for as
    long as retries are made). Instants in epoch ms, 0 for none."""

    closed: str = ""
    closed_at: int = 0
    closed_why: str = ""
    failing_since: int = 0
    failing_why: str = ""
    delivered_at: int = 0

    @property
    def word(self) -> str:
        """In one word, as shown."""
        return self.closed or ("failing" if self.failing_since else "active")


class WebhookNotes:
    """Of one endpoint. All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str, endpoint: str) -> None:
        """`redis`: an asyncio client that gives bytes."""
        self._redis = redis
        self._key = f"{app_id}:webhooks:{endpoint}"

    async def progress(self, source: str) -> str | None:
        """Of one `<topic>/<partition>`."""
        found = await self._redis.hget(f"{self._key}:progress", source)
        return None if found is None else found.decode()

    async def save(self, progress: Mapping[str, str]) -> None:
        await self._redis.hset(f"{self._key}:progress", mapping=dict(progress))

    async def health(self) -> Health:
        found = {name.decode(): value.decode("utf-8", "replace") for name, value in (await self._redis.hgetall(self._key)).items()}
        return Health(
            closed=found.get("closed", ""), closed_at=_ms(found, "closed_at"), closed_why=found.get("closed_why", ""),
            failing_since=_ms(found, "failing_since"), failing_why=found.get("failing_why", ""), delivered_at=_ms(found, "delivered_at"),
        )  # fmt: skip

    async def close(self, state: str, why: str, now: int) -> None:
        """Nothing is sent from now on, until `open`."""
        await self._redis.hset(self._key, mapping={"closed": state, "closed_why": why, "closed_at": now})

    async def open(self) -> None:
        """It begins afresh."""
        await self._redis.hdel(self._key, "closed", "closed_why", "closed_at", "failing_since", "failing_why")

    async def failing(self, since: int, why: str) -> None:
        await self._redis.hset(self._key, mapping={"failing_since": since, "failing_why": why})

    async def delivered(self, at: int) -> None:
        """It took one, and so isn't failing."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(self._key, "delivered_at", at)
            pipeline.hdel(self._key, "failing_since", "failing_why")
            await pipeline.execute()


def _ms(found: Mapping[str, str], name: str) -> int:
    text = found.get(name, "")
    return int(text) if text.isdecimal() else 0
