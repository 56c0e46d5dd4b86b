"""Changes as server-sent events: what a client gets, loses nothing of when it comes back, and is kept from."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from scoring.events.schema import PAGE_VIEWS, PURCHASES
from tests import parts
from tests.integration.api.conftest import PARTITIONS, VIEWERS
from tests.integration.api.stage import Stage
from tests.integration.worker.shop import Feed


@dataclass
class Event:
    id: str
    name: str
    data: dict[str, Any]


@asynccontextmanager
async def stream(stage: Stage, base: str = "", last: str = "", token: str = "", **query: str) -> AsyncIterator[AsyncIterator[Event]]:
    """The events of GET /v1/changes, read as the specification of EventSource says."""
    headers = {"Authorization": f"Bearer {token or stage.token}"} | ({"Last-Event-ID": last} if last else {})
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{base or stage.servers[0]}/v1/changes", params=query, headers=headers) as answer:
            assert answer.status == 200 and answer.content_type == "text/event-stream", await answer.text()

            async def events() -> AsyncIterator[Event]:
                fields: dict[str, str] = {}
                async for line in answer.content:
                    text = line.decode().rstrip("\n")
                    if text:
                        name, _, value = text.partition(": ")
                        fields[name] = value
                    else:
                        if "data" in fields:
                            yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
                        fields = {}

            yield events()


async def first(events: AsyncIterator[Event], count: int, timeout: float = 20) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(timeout):
        async for event in events:
            found.append(event)
            if len(found) == count:
                break
    assert len(found) == count
    return found


@asynccontextmanager
async def feed(stage: Stage, kafka: parts.Kafka) -> AsyncIterator[Feed]:
    async with Feed(stage.setup.address, stage.setup.prefix, PARTITIONS, idempotence=kafka.real) as made:
        yield made


async def test_all_changes_from_the_beginning_and_those_that_come(stage: Stage, kafka: parts.Kafka) -> None:
    async with stream(stage, since="0", segment="big_spender") as events:
        (old,) = await first(events, 1)
        assert (old.name, old.data["customer_id"], old.data["segment"]) == ("entered", "c0", "big_spender")
        assert old.data["reason"].startswith("spend 120 >= 100")
        async with feed(stage, kafka) as shop:
            await shop.event(PURCHASES, "c20", order_id="o20", total=300)
        (new,) = await first(events, 1)
        assert new.data["customer_id"] == "c20"


async def test_a_client_that_comes_back_goes_on_where_it_was_at_another_server(stage: Stage) -> None:
    async with stream(stage, since="0", family="engagement") as events:
        everything = await first(events, VIEWERS)
    found = []
    last, base = "", 0
    while len(found) < VIEWERS:
        async with stream(stage, stage.servers[base % 2], last, **({} if last else {"since": "0"}), family="engagement") as events:
            found += await first(events, min(7, VIEWERS - len(found)))
        last, base = found[-1].id, base + 1

    def by_partition(events: list[Event]) -> dict[str, list[str]]:
        told: dict[str, list[str]] = {}
        for each in events:
            told.setdefault(each.data["customer_id"], []).append(each.data["change_id"])
        return told

    # Partitions may come interleaved otherwise; of each customer nothing is missing, twice or out of order.
    assert len({each.data["change_id"] for each in found}) == VIEWERS
    ours, theirs = by_partition(found), by_partition(everything)
    both = ours.keys() & theirs.keys()
    assert len(both) > 5
    assert all(a == b for each in both for a, b in zip(ours[each], theirs[each], strict=False))


async def test_a_filter_by_tier_and_kind(stage: Stage) -> None:
    async with stream(stage, since="0", segment="warmth.cool", kind="moved") as events:
        found = await first(events, 5)
    assert all("cool" in (each.data["to"], each.data["from"]) and each.name == "moved" for each in found)


async def test_a_revoked_token_ends_its_stream(stage: Stage) -> None:
    token = await asyncio.to_thread(stage.new_token, "listener")
    async with stream(stage, token=token) as events:
        await asyncio.to_thread(stage.run, "token", "revoke", "listener")
        async with asyncio.timeout(20):
            assert all([each.id async for each in events])  # it ends


async def test_a_server_that_stops_ends_its_streams_at_once(stage: Stage) -> None:
    base = await asyncio.to_thread(lambda: stage.ready(stage.serve()))
    process = stage.processes[-1]
    async with stream(stage, base) as events:
        process.terminate()
        began = time.monotonic()
        async with asyncio.timeout(20):
            assert all([each.id async for each in events])  # it ends
        assert await asyncio.to_thread(process.wait, 20) == 0 and time.monotonic() - began < 10


async def test_a_client_that_does_not_read_costs_little_and_holds_up_nobody(stage: Stage, kafka: parts.Kafka) -> None:
    host, port = stage.servers[0].removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    writer.write(f"GET /v1/changes?since=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {stage.token}\r\n\r\n".encode())
    await reader.readline()
    try:
        async with stream(stage, since="0", segment="browsing") as events:
            await first(events, 10)
        assert (await asyncio.to_thread(stage.get, "/v1/segments")).status == 200
    finally:
        writer.close()


@pytest.mark.parametrize("base", [0, 1])
async def test_explain_of_a_customer_just_changed_is_up_to_date(stage: Stage, kafka: parts.Kafka, base: int) -> None:
    customer = f"fresh-{base}"
    async with feed(stage, kafka) as shop, stream(stage, segment="warmth") as events:
        await shop.event(PAGE_VIEWS, customer, page_type="home")
        async with asyncio.timeout(20):
            async for event in events:
                if event.data["customer_id"] == customer:
                    break
    answer = await asyncio.to_thread(stage.get, f"/v1/customers/{customer}/explain", base=stage.servers[base])
    assert answer.status == 200 and answer.body["at"] >= event.data["at"]
