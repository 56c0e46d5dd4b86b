"""Producers whose clocks are wrong, and topics that are behind: what they send comes out right, and others are not harmed."""

from __future__ import annotations

import asyncio
import json
import random

import pytest

from scoring.state import DAY, HOUR, Customer
from streams.clock import now_ms
from tests.integration.worker.agreement import settled
from tests.integration.worker.carts import carts, in_cart
from tests.integration.worker.recount import Outcome, compare, delivered, expected, plain, records
from tests.integration.worker.running import Process, Setup, engine
from tests.integration.worker.shop import CART_EVENTS, PAGE_VIEWS, PURCHASES, Feed, Sent, traffic

pytestmark = pytest.mark.real_kafka

#: What is the same in whatever order events within the lateness window came; memberships may have been judged in between.
FACTS = (
    "first_seen", "visit_start", "visit_end", "day", "session_count", "site_time", "day_count", "product_view_count", "other_view_count",
    "last_view", "add_count", "last_add", "last_cart", "checkout", "order_count", "cents", "last_order", "cart",
)  # fmt: skip


def facts(state: Customer) -> dict[str, object]:
    known = plain(state)
    return {name: known[name] for name in FACTS}


def event(rank: int, customer: str, ts: int, **fields: object) -> Sent:
    return Sent(rank, customer.encode(), json.dumps({"customer_id": customer, "ts": ts, **fields}).encode(), ts)


def without_id(sent: Sent) -> Sent:
    value = json.loads(sent.value)
    value.pop("event_id", None)
    return Sent(sent.rank, sent.key, json.dumps(value).encode(), sent.ts)


def renamed(sent: Sent) -> Sent:
    """The same of customers dc0, dc1, …"""
    return Sent(sent.rank, b"d" + sent.key, sent.value.replace(b'"c', b'"dc', 1), sent.ts)


async def recounted(setup: Setup) -> tuple[Outcome, Outcome]:
    """What ought to have come of the topics, and what came."""
    judge, later = engine(), now_ms() + 60_000
    want = await expected(setup.address, setup.names, judge, later, setup.partitions)
    return want, await delivered(setup.address, setup.names, judge, later, setup.partitions)


async def test_a_day_ahead_and_a_day_behind(setup: Setup, worker: type[Process]) -> None:
    """Among live traffic of customers c0, c1, …: producers' clocks show tomorrow, yesterday, almost yesterday, and four minutes more."""
    running = await asyncio.to_thread(worker().ready)
    start = now_ms()
    async with Feed(setup.address, setup.prefix) as feed:
        live = asyncio.create_task(feed.live(traffic(14, 100, start, 4, 200)))
        for number in range(60):
            now, product = now_ms(), f"p{number % 3}"
            await feed.send(PAGE_VIEWS, b"ahead", event(PAGE_VIEWS, "ahead", now + DAY, product_id=product).value)
            await feed.send(PAGE_VIEWS, b"early", event(PAGE_VIEWS, "early", now + 4 * 60_000, product_id=product).value)
            await feed.send(PURCHASES, b"both", event(PURCHASES, "both", now + DAY, order_id=f"t{number}", total=9).value)
            await feed.send(CART_EVENTS, b"both", event(CART_EVENTS, "both", now, action="add", product_id=product, quantity=1).value)
            await feed.send(PURCHASES, b"late", event(PURCHASES, "late", now - 23 * HOUR, order_id=f"l{number}", total=1).value)
            await feed.send(CART_EVENTS, b"late", event(CART_EVENTS, "late", now, action="add", product_id=product, quantity=1).value)
            await feed.send(CART_EVENTS, b"older", event(CART_EVENTS, "older", now - 25 * HOUR, action="clear").value)
            await feed.send(CART_EVENTS, b"older", event(CART_EVENTS, "older", now, action="add", product_id=product, quantity=1).value)
            await asyncio.sleep(0.05)
        end = await live
    await settled(setup)
    running.stop()

    letters = [dict(letter.headers) for letter in await records(setup.address, setup.names.dead_letters)]
    assert [letter["error"] for letter in letters] == [b"future_ts"] * 120
    want, got = await recounted(setup)
    others = {customer for customer in want.states if customer.startswith("c")}
    compare(want.of(others).until(end), got.of(others).until(end))
    # One who was only seen tomorrow is not there, nor is what the other one will buy then.
    assert got.states.keys() - others == {"early", "both", "late", "older"}
    assert got.states["early"].product_view_count == 60
    assert got.states["both"].order_count == 0
    for customer in ("both", "late", "older"):
        assert in_cart(got.states[customer]) == {"p0": 20, "p1": 20, "p2": 20}
    assert facts(got.states["late"]) == facts(want.states["late"])
    assert (got.states["late"].order_count, got.states["late"].cents) == (60, 6_000)


async def test_topics_that_are_behind_within_lateness(setup: Setup, worker: type[Process]) -> None:
    """Purchases reach the broker an hour after carts, and views in no order at all; customers d0, d1, … are on time."""
    running = await asyncio.to_thread(worker().ready)
    start, dice = now_ms() - 2 * HOUR, random.Random(15)
    # Of two events with one id the first to come is taken, which here is not the earlier one.
    events = [without_id(each) for each in traffic(15, 60, start, 60, 50)]
    views = [each for each in events if each.rank == PAGE_VIEWS]
    dice.shuffle(views)
    rest = [each for each in events if each.rank not in (PAGE_VIEWS, PURCHASES)]
    async with Feed(setup.address, setup.prefix) as feed:
        live = asyncio.create_task(feed.live(map(renamed, traffic(16, 60, now_ms(), 4, 100))))
        for part in (rest, views, [each for each in events if each.rank == PURCHASES]):
            for each in part:
                await feed.send(each.rank, each.key, each.value)
            await feed.flush()
            await asyncio.sleep(0.5)
        end = await live
    await settled(setup)
    running.stop()

    want, got = await recounted(setup)
    late = {customer for customer in want.states if customer.startswith("c")}
    assert len(late) == 60
    for customer in late:
        assert facts(got.states[customer]) == facts(want.states[customer]), customer
    right = carts(sorted(events, key=lambda each: (each.ts, each.rank)))
    assert right == {customer: cart for customer in late if (cart := in_cart(got.states[customer]))}
    others = want.states.keys() - late
    compare(want.of(others).until(end), got.of(others).until(end))
