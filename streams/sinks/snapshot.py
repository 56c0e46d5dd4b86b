"""The members of segments as they were at one instant, however long it takes to read them.

Redis copies the sorted sets whole, in one step, to keys of the reader's own (`<app_id>:export:<number>:<name>`), which the reader removes
at the end, and Redis by itself after a while.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from streams.sinks.live_view import LiveView

#: Seconds after which Redis forgets a copy that nobody reads any more; renewed with every page.
_KEPT = 600
#: Members read at once.
PAGE = 5000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`counts`: members by name."""

    counts: dict[str, int]
    _redis: Any
    _keys: dict[str, str]

    async def members(self, name: str) -> AsyncIterator[list[tuple[str, int]]]:
        """Pages of customers and since when (ms), the longest there first. Raises redis.RedisError, OSError, LookupError."""
        key = self._keys[name]
        for start in range(0, self.counts[name], PAGE):
            async with self._redis.pipeline(transaction=False) as pipeline:
                for each in self._keys.values():
                    pipeline.expire(each, _KEPT)
                pipeline.zrange(key, start, start + PAGE - 1, withscores=True)
                found = (await pipeline.execute())[-1]
            if not found:
                raise LookupError("Redis has lost the copy that was being read; try again")
            yield [(customer.decode(), int(since)) for customer, since in found]


@asynccontextmanager
async def snapshot(redis: Any, app_id: str, names: Sequence[str]) -> AsyncIterator[Snapshot]:
    """`redis`: an asyncio client that gives bytes. `names`: segments, and `group.tier`. Raises redis.RedisError, OSError."""
    prefix = await LiveView(redis, app_id).prefix()
    own = f"{app_id}:export:{uuid.uuid4().hex}:"
    keys = {name: own + name for name in names}
    async with redis.pipeline(transaction=True) as pipeline:
        for name, key in keys.items():
            pipeline.copy(f"{prefix}members:{name}", key)
            pipeline.expire(key, _KEPT)
            pipeline.zcard(key)
        answers = await pipeline.execute()
    try:
        yield Snapshot(dict(zip(keys, map(int, answers[2::3]), strict=True)), redis, keys)
    finally:
        await redis.unlink(*keys.values())
