"""Contacts brought into a CRM that keeps to HubSpot's documented limits and answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from scoring.segments.read import read
from streams.agents.crm.properties import wanted
from streams.agents.crm.sync import Sync
from streams.sinks.hubspot import HubSpot
from streams.sinks.request_limits import RequestLimits
from tests.integration.worker.running import Process, Setup
from tests.streams.feeds.changes import change, encoded
from tests.streams.feeds.conftest import SEGMENTS
from tests.streams.feeds.crm_double import TOKEN, Crm
from tests.streams.feeds.waiting import eventually, stopped

ID = "gedrag_customer_id"


@pytest.fixture
async def crm() -> AsyncIterator[Callable[..., Awaitable[Crm]]]:
    """Starts CRMs that have all properties."""
    running: list[Crm] = []

    async def start(**options: Any) -> Crm:
        made = Crm(**options)
        for each in wanted(read(SEGMENTS.read_text()), "gedrag_", ID):
            made.properties[each["name"]] = each
        running.append(await made.start())
        return made

    yield start
    for each in running:
        await each.stop()


@pytest.fixture
async def sync(redis: Redis, topic_prefix: str) -> AsyncIterator[Callable[..., Sync]]:
    """Makes syncs, each as if in a process of its own; what they can't bring in is in `letters`."""
    made = []

    def make(crm: Crm, *, rate: int = 100, window: float = 10.0, daily: int = 250_000, letters: list[Any] | None = None) -> Sync:
        async def keep(message: Any, error: str, detail: str) -> None:
            if letters is not None:
                letters.append((message.value, error, detail))

        made.append(HubSpot(crm.url, TOKEN, ID))
        limits = RequestLimits(redis, topic_prefix, "crm", rate=rate, window=window, daily=daily)
        return Sync(made[-1], limits, keep, "gedrag_", longest=0.1)

    yield make
    for hubspot in made:
        await hubspot.close()


def messages(changes: list[dict[str, Any]]) -> list[Any]:
    return [SimpleNamespace(value=encoded(each)) for each in changes]


async def test_of_a_customers_changes_the_newest_of_each_segment_is_sent_once(crm: Callable[..., Any], sync: Callable[..., Sync]) -> None:
    hubspot = await crm()
    moved = change("c1", segment="engagement", family="engagement", kind="moved", come_from="regular", to="dormant")
    await sync(hubspot).take(messages([change("c1", 1), moved, change("c1", 2), change("c2", 1), change("c1", 3)]))
    assert hubspot.writes == [
        ("c1", {
            "gedrag_cart_abandoned": "true", "gedrag_cart_abandoned_since": "2026-03-01T11:00:03.000Z",
            "gedrag_engagement": "dormant", "gedrag_engagement_since": "2026-03-01T11:00:01.000Z",
        }),
        ("c2", {"gedrag_cart_abandoned": "true", "gedrag_cart_abandoned_since": "2026-03-01T11:00:01.000Z"}),
    ]  # fmt: skip
    assert hubspot.sizes == [2]


async def test_no_more_requests_than_the_account_allows_over_all_processes(crm: Callable[..., Any], sync: Callable[..., Sync]) -> None:
    hubspot = await crm(rate=4, window=1.0)
    everybody = messages([change(f"c{n}") for n in range(900)])
    began = time.monotonic()
    await asyncio.gather(*(sync(hubspot, rate=4, window=1.0).take(everybody[start::2]) for start in (0, 1)))
    assert len(hubspot.contacts) == 900 and sorted(hubspot.sizes) == [50] * 2 + [100] * 8
    assert hubspot.statuses == [200] * 10 and time.monotonic() - began > 2


async def test_told_to_wait_it_waits(crm: Callable[..., Any], sync: Callable[..., Sync]) -> None:
    hubspot = await crm(rate=2, window=1.0)
    await sync(hubspot).take(messages([change(f"c{n}") for n in range(300)]))
    assert len(hubspot.contacts) == 300 and hubspot.statuses == [200, 200, 429, 200] and hubspot.early == 0


async def test_the_days_limit_is_kept_and_waited_out(crm: Callable[..., Any], sync: Callable[..., Sync]) -> None:
    hubspot = await crm()
    task = asyncio.create_task(sync(hubspot, daily=2).take(messages([change(f"c{n}") for n in range(300)])))
    await asyncio.sleep(0.6)
    assert hubspot.sizes == [100, 100] and not task.done()
    task.cancel()


async def test_contacts_that_are_refused_become_dead_letters_and_hold_up_nobody(crm: Callable[..., Any], sync: Callable[..., Sync]) -> None:
    hubspot, letters = await crm(), list[Any]()
    names = [f"c{n}" for n in range(60)] + ["bad", "poison"]
    changes = [change(each) for each in names] + [change("bad", 2)]
    await sync(hubspot, letters=letters).take([*messages(changes), SimpleNamespace(value=b"{")])
    assert set(hubspot.contacts) == {f"c{n}" for n in range(60)}
    assert sorted((error, detail[:17]) for _, error, detail in letters) == [
        ("crm_refused", "HTTP 400: Propert"), ("crm_refused", "INVALID_EMAIL"), ("crm_refused", "INVALID_EMAIL"),
        ("not_a_change", "crm: Object missi" if "Object" in letters[0][2] else letters[0][2][:17]),
    ]  # fmt: skip
    assert {value for value, *_ in letters} == {b"{", *map(encoded, (change("bad"), change("bad", 2), change("poison")))}


async def test_an_answer_in_pieces_is_read_to_its_end(crm: Callable[..., Any]) -> None:
    hubspot = await crm()
    asking = HubSpot(hubspot.url, TOKEN, ID)
    assert (await asking.properties()).keys() == hubspot.properties.keys()
    await asking.close()


async def test_an_answer_of_which_half_is_missing_does_not_mean_that_all_were_taken(
    crm: Callable[..., Any], sync: Callable[..., Sync]
) -> None:
    hubspot, letters = await crm(garbled=2), list[Any]()
    await sync(hubspot, letters=letters).take(messages([change("c1"), change("bad")]))
    assert list(hubspot.contacts) == ["c1"] and [error for _, error, _ in letters] == ["crm_refused"] and hubspot.statuses == [207] * 3


async def test_a_fault_of_theirs_or_of_the_set_up_loses_nothing(crm: Callable[..., Any], sync: Callable[..., Sync]) -> None:
    hubspot, letters = await crm(down=3), list[Any]()
    lacking = hubspot.properties.pop("gedrag_cart_abandoned_since")
    task = asyncio.create_task((renewing := sync(hubspot, letters=letters)).take(messages([change("c1")])))
    await eventually(lambda: renewing.obstacles == ["HubSpot refuses us"], "it says so")
    hubspot.properties[lacking["name"]] = lacking
    await task
    assert list(hubspot.contacts) == ["c1"] and letters == [] and renewing.obstacles == []


async def test_from_setup_over_kills_to_the_newest_state_of_everybody(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, gedrag: Callable[..., str], tmp_path: Path
) -> None:
    hubspot = await Crm(rate=3, window=1.0).start()
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "gedrag.toml").write_text('crm_token_file = "token"\n')
    settings = {"crm_url": hubspot.url}
    try:
        said = await asyncio.to_thread(gedrag, "crm", "setup", **settings)
        assert "limit is reached, going on in 1 s" in said and hubspot.early == 0
        hubspot.rate = 100
        assert "gedrag_cart_abandoned_since" in said and hubspot.properties[ID]["hasUniqueValue"] is True
        assert "all properties are there" in await asyncio.to_thread(gedrag, "crm", "setup", **settings)
        hubspot.statuses.clear()
        expected: dict[str, dict[str, str]] = {}
        process = worker("crm", **settings)
        await eventually(lambda: "topics made" in process.text(), "the topics", process)
        for n in range(2000):
            each = change(f"c{n * 7919 % 400}", 1 + n // 400)
            await producer.send(setup.names.changes, key=each["customer_id"].encode(), value=encoded(each))
            expected[each["customer_id"]] = {
                "gedrag_cart_abandoned": "true" if each["kind"] == "entered" else "false", "gedrag_cart_abandoned_since": each["at"],
            }  # fmt: skip
            if n == 1000:
                await producer.flush()
                await eventually(lambda: len(hubspot.contacts) == 400, "the first contacts", process)
                process.kill()
                process = worker("crm", **settings)
        await producer.flush()
        await eventually(lambda: hubspot.contacts == expected, "everybody's newest state", process)
        await stopped(process)
        assert max(hubspot.sizes) <= 100 and set(hubspot.statuses) <= {200, 201}
        for customer in ("c1", "c399"):
            since = [each["gedrag_cart_abandoned_since"] for name, each in hubspot.writes if name == customer]
            assert since[-1] == max(since)
    finally:
        await hubspot.stop()
