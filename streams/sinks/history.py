"""The message history in Redis: what was decided on each customer's mails, the newest 100 of the last 90 days.

    <app_id>:history:<customer id>   list    the newest first: "<at, ms> <record as JSON>"
    <app_id>:history-offsets         hash    <topic>/<partition> -> "<offset> <record's ms>" of the last record taken in

Records and the offset of the last of them are written by one script, as in the live view: one that comes again is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

KEPT = 100
KEPT_MS = 90 * 86_400_000

#: A record of a topic made anew has a lower offset than those taken in, but is newer than the last of them by more than this (ms).
_ANEW_AFTER = 60_000

#: ARGV: app's prefix, source, ms of a topic made anew, how many and how long (ms) kept; then five values a record.
_ADD = """
local app, source, anew, most, age = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local last, stamp = -1, 0
local stored = redis.call('HGET', app .. 'history-offsets', source)
if stored then
    local a, b = string.match(stored, '^(%d+) (%d+)$')
    last, stamp = tonumber(a), tonumber(b)
end
local taken = 0
for i = 6, #ARGV, 5 do
    local offset, written, customer, at, value = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), ARGV[i + 2], tonumber(ARGV[i + 3]), ARGV[i + 4]
    if offset > last or written > stamp + anew then
        local key = app .. 'history:' .. customer
        redis.call('LPUSH', key, ARGV[i + 3] .. ' ' .. value)
        redis.call('LTRIM', key, 0, most - 1)
        local oldest = redis.call('LINDEX', key, -1)
        while oldest and tonumber(string.match(oldest, '^%d+')) < at - age do
            redis.call('RPOP', key)
            oldest = redis.call('LINDEX', key, -1)
        end
        redis.call('PEXPIREAT', key, string.format('%.0f', at + age))
        last, stamp, taken = offset, written, taken + 1
    end
end
if taken > 0 then redis.call('HSET', app .. 'history-offsets', source, string.format('%.0f %.0f', last, stamp)) end
return taken
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the history takes of a record. `written` is the record's timestamp, `at` the instant of the decision, both ms."""

    offset: int
    written: int
    customer_id: str
    at: int
    value: bytes  # JSON


def prefix_of(app_id: str) -> str:
    return f"{app_id}:history:"


class History:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str) -> None:
        """`redis`: an asyncio client that gives bytes."""
        self._redis = redis
        self._app = f"{app_id}:"
        self._add = redis.register_script(_ADD)

    async def add(self, source: str, decisions: Sequence[Decision]) -> int:
        """Takes in records of one partition (`<topic>/<partition>`) in their order; returns how many were new."""
        args: list[Any] = [self._app, source, _ANEW_AFTER, KEPT, KEPT_MS]
        for each in decisions:
            args += (each.offset, each.written, each.customer_id, each.at, each.value)
        return int(await self._add(args=args))

    async def of(self, customer_id: str, now: int) -> list[dict[str, Any]]:
        """The newest first, of the 90 days before `now` (ms)."""
        found = await self._redis.lrange(f"{self._app}history:{customer_id}", 0, -1)
        kept = [(int(at), value) for at, _, value in (each.partition(b" ") for each in found)]
        return [msgspec.json.decode(value) for at, value in kept if at >= now - KEPT_MS]
