"""The worker comes back to topics full of events: they count in the order they happened, and deadlines at their own instants."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from scoring.instants import rfc3339
from streams.clock import now_ms
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.carts import carts, in_cart
from tests.integration.worker.recount import applied, delivered, records
from tests.integration.worker.running import GRACE, Process, Setup, engine
from tests.integration.worker.shop import CART_EVENTS, PAGE_VIEWS, PURCHASES, Feed, Sent, traffic

pytestmark = pytest.mark.real_kafka

DEFAULTS = Path(str(resources.files("streams") / "defaults" / "segments.toml"))
MINUTE = 60_000
#: Idle time of cart_abandoned in definitions.toml, ms.
IDLE = 2_000


async def test_every_cart_is_right_after_a_backlog(setup: Setup, worker: type[Process]) -> None:
    """One partition, so that a topic takes several fetches, and topics of different length are read side by side.

    Without any lateness: what is read in the wrong order is not put right afterwards.
    """
    setup.partitions = 1
    (await asyncio.to_thread(worker().ready, 1)).stop()
    start = now_ms() - 120_000
    events = list(traffic(1, 300, start, 80, 500))
    async with Feed(setup.address, setup.prefix, setup.partitions) as feed:
        await feed.backlog(events)
    again = await asyncio.to_thread(worker(lateness="0s").ready, 1)
    await settled(setup)
    again.stop()

    got = await delivered(setup.address, setup.names, engine(lateness=0), now_ms(), setup.partitions)
    found = {customer: pieces for customer, state in got.states.items() if (pieces := in_cart(state))}
    right = carts(sorted(events, key=lambda event: (event.ts, event.rank)))
    assert found == right
    # Read topic by topic, most carts come out wrong.
    naive = carts(sorted(events, key=lambda event: (event.rank, event.ts)))
    wrong = [customer for customer in right if naive.get(customer) != right[customer]]
    assert len(wrong) > len(right) / 2 > 50
    await agrees(setup, start + 82_000, lateness=0)


async def test_two_hours_away_while_carts_are_filled_and_paid(setup: Setup, worker: type[Process]) -> None:
    """With the definitions that come with Gedrag: abandoned after an hour without a touch, and ten minutes of grace.

    One partition, and purchases that take several fetches.
    """
    setup.partitions = 1
    (await asyncio.to_thread(worker(segments=str(DEFAULTS)).ready, 1)).stop()
    now, dice = now_ms(), random.Random(13)
    events: list[Sent] = []
    abandoned, paid_late = {}, set()

    def happens(rank: int, customer: str, ts: int, **fields: object) -> None:
        events.append(Sent(rank, customer.encode(), json.dumps({"customer_id": customer, "ts": ts, **fields}).encode(), ts))

    for number in range(2_000):
        customer, filled = f"c{number}", now - 120 * MINUTE + dice.randrange(40 * MINUTE)
        happens(PAGE_VIEWS, customer, filled - 5_000, product_id="p", page_type="product")
        happens(CART_EVENTS, customer, filled, action="add", product_id="p", price=20)
        deadline = filled + 70 * MINUTE
        if number % 10 < 8:
            happens(PURCHASES, customer, deadline - 1 - dice.randrange(69 * MINUTE), order_id=f"o{number}", total=20, coupon="x" * 2_000)
            continue
        abandoned[customer] = rfc3339(deadline)
        if number % 10 == 8:
            paid_late.add(customer)
            happens(PURCHASES, customer, deadline + 1 + dice.randrange(MINUTE), order_id=f"o{number}", total=20)
    async with Feed(setup.address, setup.prefix, 1) as feed:
        await feed.backlog(events)
    again = await asyncio.to_thread(worker(segments=str(DEFAULTS)).ready, 1)
    await settled(setup)
    again.stop()

    told = defaultdict(list)
    for record in await records(setup.address, setup.names.changes, 1):
        change = json.loads(record.value)
        if change["segment"] == "cart_abandoned":
            told[change["customer_id"]].append((change["kind"], change["at"], change["cause"]))
    assert not told.keys() - abandoned.keys(), f"{len(told.keys() - abandoned.keys())} false abandonments"
    assert {customer: changes[0] for customer, changes in told.items()} == {
        customer: ("entered", at, "deadline") for customer, at in abandoned.items()
    }
    assert {customer for customer, changes in told.items() if [kind for kind, *_ in changes] == ["entered", "exited"]} == paid_late


async def test_deadlines_that_fell_due_while_it_was_down_fire_in_order(setup: Setup, worker: type[Process]) -> None:
    running = await asyncio.to_thread(worker().ready)
    due = {}
    async with Feed(setup.address, setup.prefix) as feed:
        began = now_ms()
        for number in range(200):
            ts = began + number * 5
            due[f"c{number}"] = ts + IDLE
            value = json.dumps({"customer_id": f"c{number}", "ts": ts, "action": "add", "product_id": "p", "price": 5}).encode()
            await feed.send(CART_EVENTS, b"c%d" % number, value)
    await applied(setup.address, setup.names)
    running.kill()
    assert now_ms() < began + IDLE + GRACE, "the machine is too busy for this scenario"
    await asyncio.sleep(max(0, began + 1_000 + IDLE + GRACE - now_ms()) / 1000)
    again = await asyncio.to_thread(worker().ready)
    await asyncio.sleep(1)
    again.stop()

    by_partition, first = defaultdict(list), {}
    for record in await records(setup.address, setup.names.changes):
        change = json.loads(record.value)
        if change["segment"] == "cart_abandoned" and first.setdefault(change["change_id"], change) is change:
            assert (change["kind"], change["cause"]) == ("entered", "deadline")
            assert change["at"] == rfc3339(due.pop(change["customer_id"]))
            by_partition[record.partition].append(change["at"])
    assert not due, f"{len(due)} deadlines did not fire"
    assert len(by_partition) == 4
    for told in by_partition.values():
        assert all(earlier <= later for earlier, later in pairwise(told)), told
