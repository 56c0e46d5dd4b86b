"""Ids joined across partitions and workers, the plug pulled between the hops: everything counts once, nothing contradicts itself."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter, defaultdict

import pytest

from scoring.merge.identities import form_of
from scoring.state import Customer
from scoring.ties import LIVING, MOVED
from streams.clock import now_ms
from streams.customers import changelog
from streams.customers.recovery import Restored
from streams.kafka.place import partition_of
from tests.integration.worker.agreement import settled
from tests.integration.worker.recount import applied, records
from tests.integration.worker.running import Process, Setup, engine
from tests.integration.worker.shop import PAGE_VIEWS, PURCHASES, Feed

pytestmark = pytest.mark.real_kafka

IDENTITIES = 6


async def states(setup: Setup) -> dict[str, Customer]:
    """As a takeover would find them now."""
    found: dict[int, Restored] = defaultdict(Restored)
    for record in await records(setup.address, setup.names.changelog, setup.partitions):
        found[record.partition].read([record])
    return {key.decode(): changelog.state_of(value) for each in found.values() for key, value in each.states.items()}


def leads_to(known: dict[str, Customer], name: str) -> str:
    seen = []
    while form_of(known[name]) == MOVED:
        assert name not in seen, f"pointers in a circle: {seen}"
        seen.append(name)
        name = known[name].ties.into  # type: ignore[union-attr]
    return name


async def consistent(setup: Setup, known: dict[str, Customer]) -> Counter[str]:
    """Changes, repeats by id left out, tell for every id what its state says. Returns how many by cause."""
    judge = engine()
    told: dict[str, list[dict]] = defaultdict(list)
    seen: dict[str, dict] = {}
    for record in await records(setup.address, setup.names.changes, setup.partitions):
        change = json.loads(record.value)
        change.pop("detected_at")
        if change["change_id"] in seen:
            assert seen[change["change_id"]] == change, "the same id, another content"
            continue
        seen[change["change_id"]] = change
        told[change["customer_id"]].append(change)
    causes: Counter[str] = Counter(change["cause"] for change in seen.values())
    for name, changes in told.items():
        standing: dict[str, object] = {}
        for change in changes:
            if change["kind"] == "moved":
                assert standing.get(change["segment"]) == change["from"], change
                standing[change["segment"]] = change["to"]
            else:
                assert bool(standing.get(change["segment"])) is (change["kind"] == "exited"), change
                standing[change["segment"]] = change["kind"] == "entered"
        living = form_of(known.get(name)) == LIVING and name in known
        found = judge.memberships(known[name]) if living else {}
        assert {k: v for k, v in standing.items() if v} == {k: v for k, v in found.items() if v}, name
        # Who goes away in a circle and comes back by the same event, is told of twice: as gone, and as there again.
        merges = Counter((c["segment"], c["kind"], c["to"] is None, c["at"], str(c["event"])) for c in changes if c["cause"] == "merge")
        assert all(n == 1 for n in merges.values()), "one net change a segment"
    return causes


async def test_two_workers_and_the_plug_pulled_between_the_hops(setup: Setup, worker: type[Process]) -> None:
    """60 people under three ids each, joined in chains and circles while they go about the shop; workers are killed at every point."""
    dice = random.Random(5)
    steady, first = worker("steady"), worker("w1")
    await asyncio.to_thread(first.ready, 1)
    await asyncio.to_thread(steady.ready, 1)
    first.stop()
    people = [[f"{kind}{n}" for kind in "abc"] for n in range(60)]
    assert len({partition_of(name.encode(), 4) for name in people[0] + people[1]}) > 1
    views: Counter[int] = Counter()
    orders: Counter[int] = Counter()
    done = asyncio.Event()

    async def shop(feed: Feed) -> None:
        for turn in range(900):
            n = dice.randrange(len(people))
            name = dice.choice(people[n])
            if dice.random() < 0.8:
                views[n] += 1
                await feed.send(PAGE_VIEWS, name.encode(), json.dumps({"customer_id": name, "ts": now_ms()}).encode())
            else:
                orders[n] += 1
                body = {"customer_id": name, "ts": now_ms(), "order_id": f"o{turn}", "total": 10}
                await feed.send(PURCHASES, name.encode(), json.dumps(body).encode())
            if turn % 8 == 0:
                a, b, c = dice.sample(people[n], 3)
                for one, other in dice.choice([[(a, b), (b, c)], [(a, b), (b, c), (c, a)], [(a, b), (a, b), (c, a)], [(a, a), (a, b)]]):
                    body = {"customer_id": one, "anonymous_id": other, "ts": now_ms()}
                    await feed.send(IDENTITIES, one.encode(), json.dumps(body).encode())
            await asyncio.sleep(0.008)
        await feed.flush()
        done.set()

    async with Feed(setup.address, setup.prefix) as feed:
        going = asyncio.create_task(shop(feed))
        for point in ("changelog_sent", "changelog_acked", "outputs_sent", "outputs_acked"):
            doomed = worker("w1", kill_at=f"{point}:{dice.randrange(15, 35)}", batch_bytes=900)
            assert await asyncio.to_thread(doomed.wait, 60) == -signal.SIGKILL, point
        last = await asyncio.to_thread(worker("w1").ready, 1)
        await going
        for ids in people:  # whoever is left: all three are one
            for other in ids[1:]:
                await feed.event(IDENTITIES, ids[0], anonymous_id=other)
        await applied(setup.address, setup.names, setup.partitions)
        await feed.each(PAGE_VIEWS, 60)  # c0, c1, …: by the last of their ids
        views.update(range(60))
        await settled(setup)
    steady.stop()
    last.stop()
    known = await states(setup)
    for n, ids in enumerate(people):
        living = {leads_to(known, name) for name in ids if name in known}
        found = [known[name] for name in living]
        assert sum(s.product_view_count + s.other_view_count for s in found) == views[n], (ids, living)
        assert sum(s.order_count for s in found) == orders[n], (ids, living)
    causes = await consistent(setup, known)
    assert causes["merge"] > 40
