"""The catalogue says that a product is cheaper: whoever has viewed it hears so once, wherever they live and whoever is killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from scoring.events.schema import CART_EVENTS, PAGE_VIEWS
from streams.clock import now_ms
from streams.customers.changelog import META, read_meta
from streams.kafka.place import partition_of
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.recount import read_by, records
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import Feed

pytestmark = pytest.mark.real_kafka

DEFINITIONS = Path(__file__).parent / "catalogue.toml"
CATALOGUE = ("--role", "catalogue")


class Catalogue:
    """What the shop says of its products."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    async def __aenter__(self) -> Catalogue:
        self._producer = AIOKafkaProducer(bootstrap_servers=self._setup.address, linger_ms=2)
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def says(self, products: list[str], **fields: Any) -> None:
        """The same of each of them, at the broker when this returns."""
        for product in products:
            body = json.dumps({"product_id": product, **fields}).encode()
            number = partition_of(product.encode(), self._setup.partitions)
            await self._producer.send(self._setup.names.catalog, body, product.encode(), number)
        await self._producer.flush()

    async def raw(self, topic: str, key: bytes, record: bytes, number: int) -> None:
        await self._producer.send_and_wait(topic, record, key, number)


async def news(setup: Setup) -> list[dict[str, Any]]:
    found = await records(setup.address, setup.names.news, setup.partitions)
    return [json.loads(each.value) | {"partition": each.partition} for each in found]


async def heard(setup: Setup, count: int, timeout: float = 40.0) -> list[dict[str, Any]]:
    """News, when there are so many records of it."""
    end = time.monotonic() + timeout
    while len(found := await news(setup)) < count:
        assert time.monotonic() < end, f"{len(found)} records of news within {timeout:g} s, not {count}"
        await asyncio.sleep(0.05)
    return found


async def entries(setup: Setup, segment: str) -> Counter[str]:
    """How often customers have entered a segment: changes that are on the topic twice count once."""
    told = {}
    for each in await records(setup.address, setup.names.changes, setup.partitions):
        change = json.loads(each.value)
        if change["segment"] == segment and change["kind"] == "entered":
            told[change["change_id"]] = change["customer_id"]
    return Counter(told.values())


async def test_a_drop_reaches_everybody_who_viewed_it_once(setup: Setup, worker: type[Process]) -> None:
    """In all partitions; over a `kill -9` of the worker in the middle of it, and of the role, which then tells it again."""
    set_ = {"segments": str(DEFINITIONS)}
    role = worker("role", options=CATALOGUE, **set_)
    running = await asyncio.to_thread(worker("w1", **set_).ready)
    async with Feed(setup.address, setup.prefix) as feed, Catalogue(setup) as shop:
        await shop.says(["p", "q"], price=50, name="Red shoe", in_stock=True)
        await feed.each(PAGE_VIEWS, 120, product_id="p", price=50)
        for number in range(120, 150):
            await feed.send(
                PAGE_VIEWS, b"c%d" % number, json.dumps({"customer_id": f"c{number}", "ts": now_ms(), "product_id": "z"}).encode()
            )
        await feed.event(CART_EVENTS, "c0", action="add", product_id="q", price=50)
        await settled(setup)
        before = {(r.partition, r.offset) for r in await records(setup.address, setup.names.changelog, setup.partitions)}
        role.kill()
        # The role dies when it has told the news, and before it has noted so.
        (known,) = [r for r in await records(setup.address, setup.names.products, setup.partitions) if r.key == b"p"]
        role = worker("role", options=CATALOGUE, **set_)
        await shop.says(["p"], price=40)
        first = await heard(setup, 4)
        role.kill()
        await shop.raw(setup.names.products, b"p", known.value, known.partition)
        role = worker("role", options=CATALOGUE, **set_)
        again = await heard(setup, 8)
        assert {each["partition"] for each in first} == {0, 1, 2, 3}
        assert len({(each["product_id"], each["ts"], each["price"], each["old_price"]) for each in again}) == 1
        await settled(setup)
        assert await entries(setup, "price_dropped") == {f"c{n}": 1 for n in range(120)}
        # Another drop, in the midst of which the worker dies; and its successor as well.
        running.kill()
        doomed = await asyncio.to_thread(worker("w1", kill_at="changelog_sent:30", batch_bytes=900, **set_).ready)
        await shop.says(["p"], price=30)
        assert await asyncio.to_thread(doomed.wait, 60) == -signal.SIGKILL
        doomed = worker("w1", kill_at="outputs_sent:2", batch_bytes=900, **set_)
        assert await asyncio.to_thread(doomed.wait, 60) == -signal.SIGKILL
        running = await asyncio.to_thread(worker("w1", **set_).ready)
        await heard(setup, 12)
        await settled(setup)
        since = [r for r in await records(setup.address, setup.names.changelog, setup.partitions) if (r.partition, r.offset) not in before]
    role.stop()
    running.stop()
    assert await entries(setup, "price_dropped") == {f"c{n}": 2 for n in range(120)}
    assert not {r.key for r in since} & {b"c%d" % n for n in range(120, 150)}, "who viewed something else is not even written"
    await agrees(setup, now_ms(), definitions=DEFINITIONS)


async def test_where_no_family_asks_for_news_nothing_reads_it(setup: Setup, worker: type[Process]) -> None:
    """Switched off, the role has nothing to do and the worker takes one topic less; switched on again, it goes on from there."""
    off = setup.folder / "off.toml"
    off.write_text('[[segment]]\nname = "looking"\nfamily = "other"\nwhen = "page_views >= 1"\n[families]\noff = ["purchase_habits"]\n')
    with_news, without = ({"segments": str(each)} for each in (DEFINITIONS, off))

    async def positions() -> set[int]:
        newest = {r.partition: r.value for r in await records(setup.address, setup.names.changelog, setup.partitions) if r.key == META}
        return {len(read_meta(each).positions) for each in newest.values()}

    (await asyncio.to_thread(worker(**with_news).ready)).stop()
    assert await positions() == {9}
    async with Feed(setup.address, setup.prefix) as feed, Catalogue(setup) as shop:
        await shop.says(["p"], price=50)
        running = await asyncio.to_thread(worker(**without).ready)
        idle = worker("role", options=CATALOGUE, **without)
        assert await asyncio.to_thread(idle.wait) == 2
        assert "no family that is on needs it" in idle.text()
        await feed.event(PAGE_VIEWS, "c0", product_id="p", price=50)
        await read_by(setup.address, setup.names.group, setup.names.inputs[:7], setup.partitions)
        running.stop()
        assert await positions() == {8}
        role, running = worker("role", options=CATALOGUE, **with_news), worker(**with_news)
        await asyncio.to_thread(running.ready)
        await feed.event(PAGE_VIEWS, "c1", product_id="p", price=50)
        await settled(setup)
        await shop.says(["p"], price=40)
        await heard(setup, 4)
        await settled(setup)
    role.stop()
    running.stop()
    assert await entries(setup, "price_dropped") == {"c1": 1}  # while it was off, nobody's views were kept
