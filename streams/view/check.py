"""Is the live view what the changes make of it? A recount in plain Python, compared at the very offsets the view has come to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streams.kafka.errors import Misconfigured
from streams.sinks.live_view import Change, LiveView, Seen, read
from streams.view.reading import Progress, changes

if TYPE_CHECKING:
    from streams.settings import Settings

#: Customers looked at in one transaction, and differences told.
AT_ONCE, TOLD = 200, 20
#: Seconds between two looks for changes that the view has and we have not, and how many find none before it is clear that there are none.
PAUSE, PAUSES = 0.1, 50


@dataclass(slots=True)
class Verdict:
    """`differences` are sentences, the first few; `behind`: changes the view has not taken in yet; `gone`: those deleted from the topic."""

    customers: int = 0
    changes: int = 0
    behind: int = 0
    gone: int = 0
    different: int = 0
    differences: list[str] = field(default_factory=list)

    def differs(self, sentence: str) -> None:
        self.different += 1
        if len(self.differences) < TOLD:
            self.differences.append(sentence)


class _Recount:
    """Changes by customer and source, as read."""

    def __init__(self) -> None:
        self.by_customer: dict[str, list[tuple[str, Change]]] = {}
        self.last: dict[str, int] = {}
        self.complete = False
        self.vain = 0  # looks for more that found nothing

    def take(self, source: str, found: Iterable[Change]) -> None:
        for each in found:
            self.by_customer.setdefault(each.customer_id, []).append((source, each))
            self.last[source] = each.offset

    def of(self, customer_id: str, offsets: dict[str, int]) -> tuple[Seen | None, set[str]]:
        """The customer after the changes up to these offsets, and the segments they tell of."""
        seen: Seen | None = None
        told: set[str] = set()
        for source, each in self.by_customer.get(customer_id, ()):
            if each.offset > offsets.get(source, -1):
                continue
            told.add(each.segment)
            if seen is None:
                seen = Seen(each.at, {})
            if each.kind == "entered" or each.to:
                seen.memberships[each.segment] = (each.to, each.at)
            else:
                seen.memberships.pop(each.segment, None)
            if each.gone and not seen.memberships:
                seen = None
        return seen, told


async def check(settings: Settings, redis: Any, progress: Progress) -> Verdict:
    """Raises Misconfigured, KafkaError, RedisError, OSError. Holds all changes in memory."""
    verdict, recount, view = Verdict(), _Recount(), LiveView(redis, settings.app_id)
    async with changes(settings) as topic:
        verdict.gone = topic.gone

        async def read_on() -> None:
            before = topic.read
            async for source, found in topic.up_to_now(progress):
                recount.take(source, found)
            if recount.complete and topic.read == before:
                await asyncio.sleep(PAUSE)
                recount.vain += 1
                if recount.vain > PAUSES:
                    raise Misconfigured("the view has taken in more than the topic holds: it was made anew. Do: gedrag view rebuild")

        await read_on()
        recount.complete = True
        prefix = await view.prefix()
        for customers in _portions(sorted(recount.by_customer)):
            while not await _compare(redis, prefix, customers, recount, verdict):
                await read_on()
        if not topic.gone:
            await _strangers(redis, prefix, recount, verdict)
            while not await _totals(redis, prefix, recount, verdict):
                await read_on()
        offsets = await view.offsets()
        verdict.behind = sum(1 for found in recount.by_customer.values() for source, each in found if each.offset > offsets.get(source, -1))
        verdict.changes = sum(map(len, recount.by_customer.values()))
    return verdict


async def _compare(redis: Any, prefix: str, customers: list[str], recount: _Recount, verdict: Verdict) -> bool:
    """False if the view has come further than was read: nothing was compared."""
    guess = {each: recount.of(each, recount.last)[0] for each in customers}
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.hgetall(prefix + "offsets")
        for each in customers:
            pipeline.hgetall(f"{prefix}customer:{each}")
            for name, (tier, _) in _held(guess[each]):
                pipeline.zscore(f"{prefix}members:{name}{'.' if tier else ''}{tier}", each)
        raw, *rest = await pipeline.execute()
    offsets = _offsets(raw)
    if _ahead(offsets, recount):
        return False
    answers = iter(rest)
    for each in customers:
        found = read(next(answers))
        scores = {(name, tier): next(answers) for name, (tier, _) in _held(guess[each])}
        wanted, told = recount.of(each, offsets)
        verdict.customers += wanted is not None
        if verdict.gone:  # what the deleted ones told is not known
            found = None if found is None else Seen(0, {name: held for name, held in found.memberships.items() if name in told})
            wanted = None if wanted is None else Seen(0, wanted.memberships)
            if found is None and wanted is not None and not wanted.memberships:
                continue
        if found != wanted:
            verdict.differs(f"{each}: the view has {_said(found)}, the changes make it {_said(wanted)}")
        elif wanted == guess[each] or verdict.gone:
            for name, (tier, since) in _held(wanted):
                if (name, tier) in scores and scores[name, tier] != since:
                    verdict.differs(f"{each}: is in {name} since {since}, but among its members since {scores[name, tier]}")
    return True


async def _strangers(redis: Any, prefix: str, recount: _Recount, verdict: Verdict) -> None:
    start = f"{prefix}customer:"
    async for key in redis.scan_iter(match="".join("\\" + c if c in "*?[]\\^" else c for c in start) + "*", count=1000):
        customer = key.decode()[len(start) :]
        if customer not in recount.by_customer and await redis.exists(key):
            verdict.differs(f"{customer}: is in the view, and in no change")


async def _totals(redis: Any, prefix: str, recount: _Recount, verdict: Verdict) -> bool:
    """As _compare, over all: how many customers there are, and in each segment."""
    names = sorted(
        {f"{each.segment}.{each.to}" if each.to else each.segment for found in recount.by_customer.values() for _, each in found}
    )
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.hgetall(prefix + "offsets")
        pipeline.get(prefix + "customers")
        for name in names:
            pipeline.zcard(f"{prefix}members:{name}")
        raw, customers, *sizes = await pipeline.execute()
    offsets = _offsets(raw)
    if _ahead(offsets, recount):
        return False
    expected: Counter[str] = Counter()
    there = 0
    for each in recount.by_customer:
        seen = recount.of(each, offsets)[0]
        there += seen is not None
        expected.update(f"{name}.{tier}" if tier else name for name, (tier, _) in _held(seen))
    if int(customers or 0) != there:
        verdict.differs(f"customers: the view counts {int(customers or 0):,}, the changes {there:,}")
    for name, size in zip(names, sizes, strict=True):
        if size != expected[name]:
            verdict.differs(f"{name}: the view has {size:,} members, the changes {expected[name]:,}")
    return True


def _held(seen: Seen | None) -> list[tuple[str, tuple[str, int]]]:
    return [] if seen is None else list(seen.memberships.items())


def _offsets(raw: dict[bytes, bytes]) -> dict[str, int]:
    return {source.decode(): int(last.split()[0]) for source, last in raw.items()}


def _ahead(offsets: dict[str, int], recount: _Recount) -> bool:
    return any(offset > recount.last.get(source, offset) for source, offset in offsets.items())


def _said(seen: Seen | None) -> str:
    if seen is None:
        return "nothing"
    return (
        ", ".join(f"{name}{'.' if tier else ''}{tier} since {since}" for name, (tier, since) in sorted(seen.memberships.items())) or "none"
    )


def _portions(customers: list[str]) -> list[list[str]]:
    return [customers[start : start + AT_ONCE] for start in range(0, len(customers), AT_ONCE)]
