"""How many requests may be made of an API, counted in Redis, so that all processes together keep within what an account allows.

<app_id>:<api>:requests     sorted set   the requests of the last seconds
<app_id>:<api>:day:<n>      number       those of a day (UTC)
<app_id>:<api>:wait         until it expires, nothing is asked: they said so
<app_id>:<api>:turn         lock         who asks just now
"""

from __future__ import annotations

from typing import Any

#: Requests may need longer to arrive than later ones: a window is taken to be this much longer than said, ms.
_MARGIN = 500
#: Seconds after which a lock's holder is taken for dead; longer than a request may last.
LEASE = 12.0

_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local held = redis.call('PTTL', ARGV[1] .. 'wait')
if held > 0 then return held end
local requests, window = ARGV[1] .. 'requests', tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', requests, '-inf', now - window)
if redis.call('ZCARD', requests) >= tonumber(ARGV[2]) then
    return tonumber(redis.call('ZRANGE', requests, 0, 0, 'WITHSCORES')[2]) + window - now + 1
end
local day = math.floor(now / 86400000)
local key = ARGV[1] .. 'day:' .. string.format('%d', day)
if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[4]) then return (day + 1) * 86400000 - now end
local number = redis.call('INCR', key)
redis.call('EXPIRE', key, 172800)
redis.call('ZADD', requests, now, now .. ' ' .. number)
redis.call('PEXPIRE', requests, window)
return 0
"""


class RequestLimits:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str, api: str, *, rate: int, window: float, daily: int) -> None:
        """`rate` requests in `window` seconds, `daily` a day."""
        self._redis = redis
        self._prefix = f"{app_id}:{api}:"
        self._args = [self._prefix, rate, round(window * 1000) + _MARGIN, daily]
        self._take = redis.register_script(_TAKE)

    async def take(self) -> float:
        """0: a request may be made now, and is counted; else seconds to wait."""
        return int(await self._take(args=self._args)) / 1000

    async def wait(self, seconds: float) -> None:
        """Nobody asks for so long."""
        await self._redis.set(self._prefix + "wait", "", px=max(1, round(seconds * 1000)))

    def turn(self) -> Any:
        """A lock to ask in: one process at a time, so that what is asked later arrives later."""
        return self._redis.lock(self._prefix + "turn", timeout=LEASE, sleep=0.05)
