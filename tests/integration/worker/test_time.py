"""Deadlines on real Kafka: on time while caught up, never while a purchase may be waiting."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from streams.clock import now_ms
from tests.integration.worker.agreement import settled
from tests.integration.worker.recount import records
from tests.integration.worker.running import GRACE, Process, Setup
from tests.integration.worker.shop import CART_EVENTS, PAGE_VIEWS, PURCHASES, Feed

pytestmark = pytest.mark.real_kafka

#: cart_abandoned in definitions.toml, ms
IDLE = 2_000


async def abandonments(setup: Setup) -> dict[str, list[dict[str, object]]]:
    """Changes of cart_abandoned by customer, each with `written`, when its record was made."""
    found: dict[str, list[dict[str, object]]] = {}
    for record in await records(setup.address, setup.names.changes, setup.partitions):
        change = json.loads(record.value)
        if change["segment"] == "cart_abandoned":
            found.setdefault(change["customer_id"], []).append(change | {"written": record.timestamp})
    return found


async def abandoned_in_time(setup: Setup, running: Process, due: dict[str, int]) -> None:
    """Stops the worker: it told of all in `due` (ms, by customer) and no others, each by its deadline and within a second of the grace."""
    found = await abandonments(setup)
    running.stop()
    assert found.keys() == due.keys()
    for customer, (change,) in found.items():
        late = change["written"] - due[customer] - GRACE  # type: ignore[operator]
        assert 0 <= late < 1_000, f"{customer}: {late} ms after it was due"
        assert change["cause"] == "deadline"


async def test_a_deadline_fires_within_a_second_while_caught_up(setup: Setup, worker: type[Process]) -> None:
    """All but one of the six topics are silent."""
    running = await asyncio.to_thread(worker().ready)
    due: dict[str, int] = {}
    async with Feed(setup.address, setup.prefix) as feed:
        for number in range(8):
            ts = now_ms()
            await feed.event(CART_EVENTS, f"c{number}", ts, action="add", product_id="p", price=5)
            due[f"c{number}"] = ts + IDLE
            await asyncio.sleep(0.13)
    await asyncio.sleep(IDLE / 1000 + GRACE / 1000 + 1)
    await abandoned_in_time(setup, running, due)


async def test_a_purchase_that_waits_at_the_broker_counts_before_the_deadline(setup: Setup, worker: type[Process]) -> None:
    """The worker is away while carts are filled and paid: nobody is said to have abandoned theirs."""
    setup.partitions = 1
    (await asyncio.to_thread(worker().ready, 1)).stop()
    now = now_ms()
    async with Feed(setup.address, setup.prefix, setup.partitions) as feed:
        for number in range(3_000):
            filled = now - 7_200_000 + number * 10
            # Later views in the topic that is read first must not move time on, and purchases take several fetches.
            await feed.send(*sent(PAGE_VIEWS, f"c{number}", filled + 3_600_000))
            await feed.send(*sent(CART_EVENTS, f"c{number}", filled, action="add", product_id="p", price=5))
            await feed.send(*sent(PURCHASES, f"c{number}", filled + 1_500, order_id=f"o{number}", total=5, coupon="x" * 900))
        await feed.flush()
        await feed.event(CART_EVENTS, "left", now - 3_600_000, action="add", product_id="p", price=5)
    running = await asyncio.to_thread(worker().ready, 1)
    await settled(setup)
    running.stop()
    found = await abandonments(setup)
    assert found.keys() == {"left"}, f"{len(found)} customers"
    assert [change["kind"] for change in found["left"]] == ["entered"]


async def test_nor_does_a_stalled_worker_take_its_own_silence_for_the_shops(setup: Setup, worker: type[Process]) -> None:
    """Stopped for a while within its session, it wakes up to deadlines that are past, and to purchases it has not read."""
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(CART_EVENTS, 50, action="add", product_id="p", price=5)
        await asyncio.sleep(0.5)
        running.signal(signal.SIGSTOP)
        await feed.each(PURCHASES, 50, order_id="o{}", total=5)
        await asyncio.sleep(IDLE / 1000 + 1)
        running.signal(signal.SIGCONT)
    await settled(setup)
    running.stop()
    assert await abandonments(setup) == {}


def sent(rank: int, customer: str, ts: int, **fields: object) -> tuple[int, bytes, bytes, int]:
    return rank, customer.encode(), json.dumps({"customer_id": customer, "ts": ts, **fields}).encode(), ts


async def test_topics_that_fell_silent_hold_nothing_back_beyond_their_grace(setup: Setup, worker: type[Process]) -> None:
    """Views stop everywhere, their producer's clock minutes ahead; carts go on in three partitions of four; the rest never had a record."""
    running = await asyncio.to_thread(worker().ready)
    due: dict[str, int] = {}
    async with Feed(setup.address, setup.prefix) as feed:
        stopped = feed.partition(b"c0")
        for number in range(40):
            await feed.send(*sent(PAGE_VIEWS, f"v{number}", now_ms() + 4 * 60_000)[:3])
            await feed.send(*sent(CART_EVENTS, f"w{number}", now_ms(), action="checkout_started")[:3])
        await feed.flush()
        customers = [customer for number in range(40) if feed.partition((customer := f"c{number}").encode()) != stopped]
        await asyncio.sleep(1)
        for customer in customers:
            ts = now_ms()
            await feed.event(CART_EVENTS, customer, ts, action="add", product_id="p", price=5)
            due[customer] = ts + IDLE
            await asyncio.sleep(0.05)
        # One cart in the partition that fell silent was filled before that; its deadline waits for nobody either.
        assert {feed.partition(customer.encode()) for customer in customers} == {0, 1, 2, 3} - {stopped}
        ts = now_ms()
        await feed.event(CART_EVENTS, "c0", ts, action="add", product_id="p", price=5)
        due["c0"] = ts + IDLE
    await asyncio.sleep((IDLE + GRACE) / 1000 + 1)
    await abandoned_in_time(setup, running, due)
