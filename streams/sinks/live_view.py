"""The live view in Redis: who is in which segment now, as far as the changes taken in say.

    <app_id>:live:offsets            hash    <topic>/<partition> -> "<offset> <record's ms>" of the last change taken in
    <app_id>:live:customers          number  customers seen in any change
    <app_id>:live:customer:<id>      hash    segment -> "<since, ms>", tier group -> "<tier> <since, ms>", "" -> first change, ms
    <app_id>:live:members:<segment>  sorted set of customer ids by entry time (ms); a tier's is members:<group>.<tier>

Changes and the offset of the last of them are written by one script, which Redis runs whole or not at all: the view is exactly the
changes up to that offset, and a change that comes again is passed over. The script makes keys, so this is for one Redis (with
replicas), not for Redis Cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.segments.model import Definitions, Segment

#: A change of a topic made anew has a lower offset than those taken in, but is newer than the last of them by more than this (ms).
_ANEW_AFTER = 60_000

_APPLY = """
local prefix, source, anew = ARGV[1], ARGV[2], tonumber(ARGV[3])
local last, stamp = -1, 0
local stored = redis.call('HGET', prefix .. 'offsets', source)
if stored then
    local a, b = string.match(stored, '^(%d+) (%d+)$')
    last, stamp = tonumber(a), tonumber(b)
end
local taken = 0
for i = 4, #ARGV, 7 do
    local offset, written = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    local customer, kind, segment, to, at = ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
    if offset <= last then
        if written > stamp + anew then return -1 end
    else
        local key = prefix .. 'customer:' .. customer
        if redis.call('HSETNX', key, '', at) == 1 then redis.call('INCR', prefix .. 'customers') end
        if kind == 'entered' then
            redis.call('HSET', key, segment, at)
            redis.call('ZADD', prefix .. 'members:' .. segment, at, customer)
        elseif kind == 'exited' then
            redis.call('HDEL', key, segment)
            redis.call('ZREM', prefix .. 'members:' .. segment, customer)
        else
            local held = redis.call('HGET', key, segment)
            if held then redis.call('ZREM', prefix .. 'members:' .. segment .. '.' .. string.match(held, '^(%S+)'), customer) end
            redis.call('HSET', key, segment, to .. ' ' .. at)
            redis.call('ZADD', prefix .. 'members:' .. segment .. '.' .. to, at, customer)
        end
        last, stamp, taken = offset, written, taken + 1
    end
end
if taken > 0 then redis.call('HSET', prefix .. 'offsets', source, string.format('%.0f %.0f', last, stamp)) end
return taken
"""


class TopicMadeAnew(Exception):
    """The changes topic isn't the one the view was made from: it was deleted and begins again."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the view takes of a change record. `written` is the record's timestamp, `at` the change's instant, both ms."""

    offset: int
    written: int
    customer_id: str
    kind: str  # entered, exited, moved
    segment: str
    to: str
    at: int


@dataclass(frozen=True, slots=True)
class Counts:
    customers: int
    members: dict[str, int]  # by segment, and by `group.tier`


def names(definitions: Definitions) -> list[str]:
    """What the view counts, in the order of the definitions: segments, and `group.tier`."""
    found = []
    for each in definitions.segments:
        found += [each.name] if isinstance(each, Segment) else [f"{each.name}.{tier.name}" for tier in each.tiers]
    return found


class LiveView:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str) -> None:
        """`redis`: an asyncio client that gives bytes."""
        self._redis = redis
        self._prefix = f"{app_id}:live:"
        self._apply = redis.register_script(_APPLY)

    async def apply(self, source: str, changes: Sequence[Change]) -> int:
        """Takes in changes of one partition (`<topic>/<partition>`) in their order; returns how many were new. Raises TopicMadeAnew."""
        args: list[Any] = [self._prefix, source, _ANEW_AFTER]
        for each in changes:
            args += (each.offset, each.written, each.customer_id, each.kind, each.segment, each.to, each.at)
        taken = int(await self._apply(args=args))
        if taken < 0:
            raise TopicMadeAnew(source)
        return taken

    async def counts(self, names: Iterable[str]) -> Counts:
        """How many customers there are, and in each of these segments and tiers, at one instant."""
        wanted = list(names)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.get(self._prefix + "customers")
            for name in wanted:
                pipeline.zcard(f"{self._prefix}members:{name}")
            customers, *members = await pipeline.execute()
        return Counts(int(customers or 0), dict(zip(wanted, map(int, members), strict=True)))

    async def customer(self, customer_id: str) -> dict[str, tuple[str, int]]:
        """By segment of a customer: the tier ("" for simple segments) and since when (ms)."""
        found = await self._redis.hgetall(f"{self._prefix}customer:{customer_id}")
        memberships = {}
        for name, held in found.items():
            tier, _, since = held.decode().rpartition(" ")
            if name:
                memberships[name.decode()] = (tier, int(since))
        return memberships

    async def members(self, name: str, start: int = 0, count: int = 100) -> list[tuple[str, int]]:
        """Customers of a segment or `group.tier` and since when (ms), the longest there first."""
        found = await self._redis.zrange(f"{self._prefix}members:{name}", start, start + count - 1, withscores=True)
        return [(customer.decode(), int(since)) for customer, since in found]

    async def wipe(self) -> None:
        """Removes the whole view; blocks as long as Redis takes to go through its keys once."""
        batch: list[bytes] = []
        async for key in self._redis.scan_iter(match=_literal(self._prefix) + "*", count=1000):
            batch.append(key)
            if len(batch) >= 1000:
                await self._redis.unlink(*batch)
                batch.clear()
        if batch:
            await self._redis.unlink(*batch)


def _literal(text: str) -> str:
    """Text as a Redis pattern that matches only it."""
    return "".join("\\" + each if each in "*?[]\\^" else each for each in text)
