"""Limits: how large a body may be, and how often somebody may ask, over all processes that serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from streams.http.answers import Problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: The generic cell rate algorithm (as a leaky bucket that holds a second's requests): one key holds the instant at which the bucket will
#: be empty, in microseconds of Redis' own clock, so that all servers go by one. Returns the microseconds to wait, 0 to go on.
RATE = """
local rate = tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local empty = tonumber(redis.call('GET', KEYS[1]) or now)
if empty < now then empty = now end
local after = empty + 1000000 / rate
if after - now > 1000000 then return math.ceil(after - now - 1000000) end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', 2000)
return 0
"""


class Limiter:
    """At most so many requests a second for each key; a second's worth may come at once. Raises RedisError, OSError."""

    def __init__(self, redis: Any, app_id: str) -> None:
        self._redis = redis
        self._prefix = f"{app_id}:rate:"

    async def check(self, who: str, rate: int) -> None:
        """Counts one request. Raises Problem 429 when it is too much; `rate` 0: no limit."""
        if rate:
            passed(int(await self._redis.eval(*self.command(who, rate))))

    def command(self, who: str, rate: int) -> tuple[str, int, str, int]:
        """The arguments of EVAL, to put it in a pipeline with others; its answer is for `passed`."""
        return RATE, 1, self._prefix + who, rate


def passed(wait: int) -> None:
    """Raises Problem 429 if there are microseconds to wait."""
    if wait:
        seconds = -(-wait // 1_000_000)
        said = f"Send it again after {seconds} s, and fewer requests a second; the Retry-After header says how long."
        raise Problem(429, "Too Many Requests", said, {"Retry-After": str(seconds)})


def at_most(size: int) -> Callable[[Handler], Handler]:
    """Lets a handler see bodies of up to `size` bytes only; a larger one is answered 413 without reading it all."""

    def limit(handler: Handler) -> Handler:
        async def limited(request: web.Request) -> web.StreamResponse:
            if (request.content_length or 0) > size:
                raise _too_large(size)
            try:
                return await handler(request.clone(client_max_size=size))
            except web.HTTPRequestEntityTooLarge:
                raise _too_large(size) from None

        return limited

    return limit


def _too_large(size: int) -> Problem:
    return Problem(413, "Content Too Large", f"At most {size:,} bytes are taken here; send less at once.")
