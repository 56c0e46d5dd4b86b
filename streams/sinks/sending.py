"""The switch that stops all sending: a key in Redis, `<app_id>:sending`, that everybody who sends looks at before each mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Pause:
    """`who` stopped sending, `why`, and `since` when (epoch ms)."""

    who: str
    why: str
    since: int


class Switch:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str) -> None:
        self._redis = redis
        self._key = f"{app_id}:sending"

    async def paused(self) -> Pause | None:
        """None while mails may go. A value nobody can read pauses too: it was written to stop something."""
        value = await self._redis.get(self._key)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=Pause)
        except msgspec.DecodeError:
            return Pause("somebody", "", 0)

    async def pause(self, pause: Pause) -> Pause | None:
        """Returns the pause that was in force already, which then stays."""
        before = await self.paused()
        if before is None:
            await self._redis.set(self._key, msgspec.json.encode(pause))
        return before

    async def resume(self) -> Pause | None:
        """Returns the pause that ends; None if there was none."""
        before = await self.paused()
        await self._redis.delete(self._key)
        return before
