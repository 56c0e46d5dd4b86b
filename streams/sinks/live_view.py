"""The live view in Redis: who is in which segment now, as far as the changes taken in say.

    <app_id>:live-generation         number  which view is the current one; none: that of the keys below, else <app_id>:live@<number>:…
    <app_id>:live:offsets            hash    <topic>/<partition> -> "<offset> <record's ms>" of the last change taken in
    <app_id>:live:customers          number  customers seen in any change
    <app_id>:live:customer:<id>      hash    segment -> "<since, ms>", tier group -> "<tier> <since, ms>", "" -> first change, ms
    <app_id>:live:members:<segment>  sorted set of customer ids by entry time (ms); a tier's is members:<group>.<tier>

Changes and the offset of the last of them are written by one script, which Redis runs whole or not at all: the view is exactly the
changes up to that offset, and a change that comes again is passed over. A view is built again beside the current one and takes its place
when it has taken in as much (streams/rebuild.py). The scripts make keys, so this is for one Redis (with replicas), not for Redis Cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.segments.model import Definitions, Segment
from streams.clock import monotonic
from streams.sinks.live_scripts import APPLY, PAGE, SWAP

#: A change of a topic made anew has a lower offset than those taken in, but is newer than the last of them by more than this (ms).
_ANEW_AFTER = 60_000

#: Seconds for which readers may still ask the generation that was current before: so long it must be left alone.
LINGERS = 5.0
_BELIEVED = 1.0


class TopicMadeAnew(Exception):
    """The changes topic isn't the one the view was made from: it was deleted and begins again."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the view takes of a change record. `written` is the record's timestamp, `at` the change's instant, both ms.

    `gone`: the customer is one no more (merged or forgotten); with its last membership it leaves the view wholly.
    """

    offset: int
    written: int
    customer_id: str
    kind: str  # entered, exited, moved
    segment: str
    to: str
    at: int
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    customers: int  # without robots
    members: dict[str, int]  # by segment, and by `group.tier`; without robots, but in the segment that says who they are
    robots: int = 0


def names(definitions: Definitions) -> list[str]:
    """What the view counts, in the order of the definitions: segments, and `group.tier`."""
    found = []
    for each in definitions.segments:
        found += [each.name] if isinstance(each, Segment) else [f"{each.name}.{tier.name}" for tier in each.tiers]
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """A customer: `since` is its first change (ms); by segment the tier ("" for simple segments) and since when (ms)."""

    since: int
    memberships: dict[str, tuple[str, int]]


class LiveView:
    """All methods raise redis.RedisError or OSError while Redis is away."""

    def __init__(self, redis: Any, app_id: str, generation: str = "*") -> None:
        """`redis`: an asyncio client that gives bytes. `generation`: "*" for the current one, whichever it is."""
        self._redis = redis
        self._base = f"{app_id}:live"
        self._generation = generation
        self._found: tuple[str, float] | None = None
        self._apply = redis.register_script(APPLY)
        self._page = redis.register_script(PAGE)
        self._swap = redis.register_script(SWAP)

    async def apply(self, source: str, changes: Sequence[Change]) -> int:
        """Takes in changes of one partition (`<topic>/<partition>`) in their order; returns how many were new. Raises TopicMadeAnew."""
        args: list[Any] = [self._base, self._generation, source, _ANEW_AFTER]
        for each in changes:
            args += (
                each.offset, each.written, each.customer_id, each.kind, each.segment, each.to, each.at, "1" if each.gone else "",
            )  # fmt: skip
        taken = int(await self._apply(args=args))
        if taken < 0:
            raise TopicMadeAnew(source)
        return taken

    # ---- looking

    async def prefix(self) -> str:
        """Of all keys of this view but the generation's."""
        if self._generation != "*":
            return prefix_of(self._base, self._generation)
        if self._found is None or monotonic() - self._found[1] > _BELIEVED:
            self._found = prefix_of(self._base, await self.generation()), monotonic()
        return self._found[0]

    async def generation(self) -> str:
        """The current one; "" is the first."""
        found = await self._redis.get(self._base + "-generation")
        return "" if found is None else str(found.decode())

    async def counts(self, names: Iterable[str], robots: str | None = None) -> Counts:
        """How many customers there are, and in each of these segments and tiers, at one instant; members of the segment `robots` apart."""
        wanted, prefix = list(names), await self.prefix()
        apart = f"{prefix}members:{robots}"
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.get(prefix + "customers")
            pipeline.zcard(apart)
            for name in wanted:
                pipeline.zcard(f"{prefix}members:{name}")
            if robots is not None:
                for name in wanted:
                    pipeline.zintercard(2, [f"{prefix}members:{name}", apart])
            customers, found, *members = await pipeline.execute()
        counts = dict(zip(wanted, map(int, members[: len(wanted)]), strict=True))
        if robots is None:
            return Counts(int(customers or 0), counts)
        for name, among in zip(wanted, map(int, members[len(wanted) :]), strict=True):
            counts[name] -= among if name != robots else 0
        return Counts(int(customers or 0) - int(found), counts, int(found))

    async def customer(self, customer_id: str) -> dict[str, tuple[str, int]]:
        """By segment of a customer: the tier ("" for simple segments) and since when (ms)."""
        seen = await self.seen(customer_id)
        return {} if seen is None else seen.memberships

    async def seen(self, customer_id: str) -> Seen | None:
        """None: no change of this customer has been taken in."""
        return read(await self._redis.hgetall(f"{await self.prefix()}customer:{customer_id}"))

    async def members(self, name: str, start: int = 0, count: int = 100) -> list[tuple[str, int]]:
        """Customers of a segment or `group.tier` and since when (ms), the longest there first."""
        found = await self._redis.zrange(f"{await self.prefix()}members:{name}", start, start + count - 1, withscores=True)
        return [(customer.decode(), int(since)) for customer, since in found]

    async def members_after(self, name: str, after: tuple[str, int] | None, count: int) -> list[tuple[str, int]]:
        """As `members`, from the place behind `after`, a customer and since when, who may have left meanwhile."""
        customer, since = ("", "") if after is None else after
        found = await self._page(keys=[f"{await self.prefix()}members:{name}"], args=[since, customer, count])
        return [(found[i].decode(), int(float(found[i + 1]))) for i in range(0, len(found), 2)]

    async def offsets(self) -> dict[str, int]:
        """By source the offset of the last change taken in."""
        found = await self._redis.hgetall(f"{await self.prefix()}offsets")
        return {source.decode(): int(last.split()[0]) for source, last in found.items()}

    # ---- making another

    async def swap(self, *, force: bool = False) -> str:
        """Makes this view, built beside, the current one; or returns a source of which that has taken in more, unless `force`d."""
        return str((await self._swap(args=[self._base, self._generation, "1" if force else ""])).decode())

    async def wipe(self) -> None:
        """Removes the whole view; blocks as long as Redis takes to go through its keys once."""
        batch: list[bytes] = []
        async for key in self._redis.scan_iter(match=_literal(await self.prefix()) + "*", count=1000):
            batch.append(key)
            if len(batch) >= 1000:
                await self._redis.unlink(*batch)
                batch.clear()
        if batch:
            await self._redis.unlink(*batch)


def prefix_of(base: str, generation: str) -> str:
    return f"{base}@{generation}:" if generation else f"{base}:"


def read(found: dict[bytes, bytes]) -> Seen | None:
    """A customer's hash as Redis has it."""
    if not found:
        return None
    memberships = {}
    for name, held in found.items():
        tier, _, since = held.decode().rpartition(" ")
        if name:
            memberships[name.decode()] = (tier, int(since))
    return Seen(int(found.get(b"", b"0")), memberships)


def _literal(text: str) -> str:
    """Text as a Redis pattern that matches only it."""
    return "".join("\\" + each if each in "*?[]\\^" else each for each in text)
