"""Webhooks as a shop runs them: `gedrag worker --role webhooks` in a process of its own, on a real broker and Redis, to real receivers."""

from __future__ import annotations

import asyncio
import json
import random
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.embedded.process import free_port
from tests.integration.worker.running import Process, Setup
from tests.streams.feeds.changes import change, encoded
from tests.streams.feeds.conftest import write
from tests.streams.feeds.receiver import OTHER, Receiver
from tests.streams.feeds.waiting import committed, eventually, joined, stopped

Start = Callable[..., Awaitable[Receiver]]


async def put(producer: AIOKafkaProducer, setup: Setup, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for each in changes:
        await producer.send(setup.names.changes, key=each["customer_id"].encode(), value=encoded(each))
    await producer.flush()
    return changes


def waiting(port: int) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10) as answer:
        return list(json.load(answer)["waiting"])


async def test_each_endpoint_gets_what_it_asked_for_and_none_waits_for_another(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, receiver: Start, gedrag: Callable[..., str]
) -> None:
    everything, old, slow = await receiver(), await receiver(secret=OTHER), await receiver(hold=asyncio.Event())
    gone = await receiver(answer=lambda data: 410)
    moves = f'url = "{old.url}"\nsegments = ["engagement.dormant"]\nkinds = ["moved"]'
    settings = write(setup, every=everything.url, moves=moves, slow=f'url = "{slow.url}"\nin_flight = 2\ntimeout = "60s"', gone=gone.url)
    process = worker("webhooks", webhooks=settings, web=f"127.0.0.1:{(port := free_port())}")
    await joined(process, 4)
    sent = await put(producer, setup, [change(f"c{n % 7}", 1 + n // 7) for n in range(70)])
    to_dormant = change("c1", 1, segment="engagement", family="engagement", kind="moved", come_from="occasional", to="dormant")
    back = change("c1", 2, segment="engagement", family="engagement", kind="moved", come_from="dormant", to="regular")
    other = change("c2", 1, segment="engagement", family="engagement", kind="moved", come_from="regular", to="occasional")
    sent += await put(producer, setup, [to_dormant, back, other])
    ids = {each["change_id"] for each in sent}
    await eventually(lambda: len(everything.got) == 73 and len(old.got) == 2, "all of it", process)
    assert set(everything.ids) == ids and [everything.of(f"c{n}") for n in (0, 3)] == [list(range(1, 11))] * 2
    assert old.ids == [to_dormant["change_id"], back["change_id"]]
    await eventually(lambda: slow.under_way == 2 and "is disabled" in process.text(), "the slow one has two, another is gone", process)
    shown = await asyncio.to_thread(gedrag, "webhooks", "list", webhooks=settings)
    assert "disabled" in shown and "HTTP 410" in shown and "active" in shown and len(gone.tries) <= 8
    assert await asyncio.to_thread(waiting, port) == ["webhook endpoint gone is disabled"]
    gone.answer = lambda data: 200
    await asyncio.to_thread(gedrag, "webhooks", "resume", "gone", webhooks=settings)
    slow.hold.set()  # type: ignore[union-attr]
    await eventually(lambda: set(slow.ids) == ids == set(gone.ids), "the slow one and the one that was gone have all too", process)
    assert "taken by" in await asyncio.to_thread(gedrag, "webhooks", "test", "every", webhooks=settings)
    assert everything.got.pop()[0].startswith("test_")
    before = dict(everything.got)
    told = await asyncio.to_thread(gedrag, "webhooks", "replay", "--since", "1h", "--endpoint", "every", webhooks=settings)
    assert "every: 73 of 73 changes" in told and len(everything.got) == 146 and dict(everything.got[73:]) == before
    assert await committed(setup, "webhooks-every") == 73
    await stopped(process)


async def test_killed_and_the_endpoint_down_nothing_is_lost_and_an_id_has_one_body(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, receiver: Start
) -> None:
    dice = random.Random(3)
    hook = await receiver()
    hook.answer = lambda data: 503 if dice.random() < 0.02 else 200
    settings = write(setup, shop=f'url = "{hook.url}"\nin_flight = 4')
    process = worker("webhooks", webhooks=settings)
    await joined(process, 1)
    sent = await put(producer, setup, [change(f"c{n % 40}", 1 + n // 40) for n in range(800)])
    again = [each | {"detected_at": "2026-03-01T12:00:00.000Z"} for each in sent[-40:]]  # as after a crash of the engine
    await put(producer, setup, again)
    await eventually(lambda: len(hook.ids) >= 250, "some of them", process)
    process.kill()
    await hook.stop()
    process = worker("webhooks", webhooks=settings)
    await eventually(lambda: "the endpoint fails" in process.text(), "nobody is there", process)
    await hook.start()
    everything = {each["change_id"] for each in sent}
    await eventually(lambda: set(hook.ids) == everything, "all", process)
    assert len({*hook.got}) == len(everything), "an id never has two bodies"
    assert all(hook.of(f"c{n}") == list(range(1, 21)) for n in range(40))
    repeats = len(hook.got) - len(everything)
    assert repeats <= 40 + 20, f"{repeats} of those taken came again"
    await stopped(process)


def test_a_role_that_is_not_set_up_says_so(worker: Callable[..., Process]) -> None:
    process = worker("webhooks")
    assert process.wait() == 2 and "isn't set up; see docs/feeds.md" in process.text()
