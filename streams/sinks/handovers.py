"""The caps once more, where mails are handed over: an hour without a mail server must not end in a burst.

The engine holds the caps at the instants it decides; after an outage, several mails decided hours apart would go out together. So each
customer's hand-overs of marketing mails are kept in Redis, `<app_id>:mailed:<customer id>` (message ids by epoch ms), and one that would
exceed a cap waits until there is room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# A place is taken before the mail goes, so that two of a customer's mails at once can't both find room.
_ROOM = """
local now = tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
local wait = 0
for i = 5, #ARGV, 2 do
  local count, per = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  local since = '(' .. string.format('%.0f', now - per)
  local within = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', since, 'WITHSCORES', 'LIMIT', count - 1, 1)
  if #within > 0 then wait = math.max(wait, tonumber(within[2]) + per - now) end
end
if wait > 0 then return wait end
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 0
"""


def prefix_of(app_id: str) -> str:
    return f"{app_id}:mailed:"


class HandOvers:
    """`caps`: (count, ms), at most so many in any time so long. All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str, caps: Sequence[tuple[int, int]]) -> None:
        self._prefix = prefix_of(app_id)
        self._redis = redis
        self._caps = [each for cap in caps for each in cap]
        self._longest = max((per for _, per in caps), default=0)
        self._room = redis.register_script(_ROOM)

    async def room(self, customer_id: str, message_id: str, now: int) -> int:
        """0: there is room, and this message has taken it; else the ms until there is. `now` in epoch ms."""
        if not self._caps:
            return 0
        arguments = [now, message_id, self._longest, self._longest, *self._caps]
        return int(await self._room(keys=[self._prefix + customer_id], args=arguments))

    async def undo(self, customer_id: str, message_id: str) -> None:
        """The message was not handed over after all."""
        if self._caps:
            await self._redis.zrem(self._prefix + customer_id, message_id)
