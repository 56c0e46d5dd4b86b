"""Webhooks as a shop runs them: `gedrag worker --role webhooks` in a process of its own, on a real broker and Redis, to real receivers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

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


async def test_each_endpoint_gets_what_it_asked_for_signed_with_every_secret_and_a_slow_one_holds_up_no_other(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, receiver: Start, redis: Redis
) -> None:
    everything, old, slow = await receiver(), await receiver(secret=OTHER), await receiver(hold=asyncio.Event())
    moves = f'url = "{old.url}"\nsegments = ["engagement.dormant"]\nkinds = ["moved"]'
    process = worker("webhooks", webhooks=write(setup, every=everything.url, moves=moves, slow=f'url = "{slow.url}"\nin_flight = 2'))
    await joined(process, 3)
    sent = await put(producer, setup, [change(f"c{n % 7}", 1 + n // 7) for n in range(70)])
    to_dormant = change("c1", 1, segment="engagement", family="engagement", kind="moved", come_from="occasional", to="dormant")
    back = change("c1", 2, segment="engagement", family="engagement", kind="moved", come_from="dormant", to="regular")
    other = change("c2", 1, segment="engagement", family="engagement", kind="moved", come_from="regular", to="occasional")
    sent += await put(producer, setup, [to_dormant, back, other])
    await eventually(lambda: len(everything.got) == 73 and len(old.got) == 2, "all of it", process)
    assert set(everything.ids) == {each["change_id"] for each in sent}
    assert [everything.of(f"c{n}") for n in (0, 3)] == [list(range(1, 11))] * 2
    assert old.ids == [to_dormant["change_id"], back["change_id"]]
    await eventually(lambda: slow.under_way == 2, "the slow one has two", process)
    assert slow.got == [] and slow.most == 2
    slow.hold.set()  # type: ignore[union-attr]
    await eventually(lambda: len(slow.got) == 73, "the slow one has all too", process)
    assert await committed(setup, "webhooks-every") == 73
    await stopped(process)


async def test_an_endpoint_that_is_down_gets_everything_when_it_is_back_in_order_and_one_customer_it_refuses_holds_up_no_other(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, receiver: Start
) -> None:
    hook = await receiver()
    process = worker("webhooks", webhooks=write(setup, shop=hook.url))
    await joined(process, 1)
    await hook.stop()
    sent = await put(producer, setup, [change(f"c{n % 5}", 1 + n // 5) for n in range(50)])
    await eventually(lambda: "the endpoint fails" in process.text(), "it says so", process)
    refused = True
    hook.answer = lambda data: 500 if refused and data["customer_id"] == "c3" else 200
    await hook.start()
    await eventually(lambda: len(hook.ids) == 40, "all but those of c3", process)
    await asyncio.sleep(0.5)
    assert hook.of("c3") == []
    refused = False
    await eventually(lambda: set(hook.ids) == {each["change_id"] for each in sent}, "all", process)
    assert all(hook.of(f"c{n}") == list(range(1, 11)) for n in range(5))
    await stopped(process)


async def test_killed_again_and_again_nothing_is_lost_and_an_id_has_one_body(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, receiver: Start
) -> None:
    dice = random.Random(3)
    hook = await receiver()
    hook.answer = lambda data: 503 if dice.random() < 0.02 else 200
    settings = write(setup, shop=f'url = "{hook.url}"\nin_flight = 4')
    process = worker("webhooks", webhooks=settings)
    await joined(process, 1)
    sent = await put(producer, setup, [change(f"c{n % 40}", 1 + n // 40) for n in range(1600)])
    again = [each | {"detected_at": "2026-03-01T12:00:00.000Z"} for each in sent[-40:]]  # as after a crash of the engine
    await put(producer, setup, again)
    for share in (200, 500, 900):
        await eventually(lambda share=share: len(hook.ids) >= share, f"{share} of them", process)
        process.kill()
        process = worker("webhooks", webhooks=settings)
    everything = {each["change_id"] for each in sent}
    await eventually(lambda: set(hook.ids) == everything, "all", process)
    assert len({*hook.got}) == len(everything), "an id never has two bodies"
    assert all(hook.of(f"c{n}") == list(range(1, 41)) for n in range(40))
    repeats = len(hook.got) - len(everything)
    assert repeats <= 40 + 3 * 60, f"{repeats} of those taken came again"
    await stopped(process)


async def test_gone_closes_an_endpoint_for_good_and_it_goes_on_when_told_to(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, receiver: Start, redis: Redis, gedrag: Callable[..., str]
) -> None:
    hook, other = await receiver(answer=lambda data: 410), await receiver()
    settings = write(setup, shop=hook.url, other=other.url)
    process = worker("webhooks", webhooks=settings)
    await joined(process, 2)
    sent = await put(producer, setup, [change(f"c{n}") for n in range(20)])
    await eventually(lambda: len(other.got) == 20 and "is disabled" in process.text(), "the other goes on", process)
    tries = len(hook.tries)
    shown = await asyncio.to_thread(gedrag, "webhooks", "list", webhooks=settings)
    assert "disabled" in shown and "HTTP 410" in shown and "active" in shown
    await stopped(process)
    process = worker("webhooks", webhooks=settings)
    await eventually(lambda: "the endpoint is disabled" in process.text(), "it knows after a restart", process)
    await asyncio.sleep(1)
    assert len(hook.tries) == tries <= 8, "nothing was tried since"
    hook.answer = lambda data: 200
    await asyncio.to_thread(gedrag, "webhooks", "resume", "shop", webhooks=settings)
    await eventually(lambda: set(hook.ids) == {each["change_id"] for each in sent}, "it goes on", process)
    await stopped(process)


async def test_an_endpoint_that_answers_nobody_for_long_is_closed_and_a_webhook_only_it_refuses_becomes_a_dead_letter(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, receiver: Start, gedrag: Callable[..., str]
) -> None:
    dead = await receiver(answer=lambda data: 500)
    picky = await receiver(answer=lambda data: 400 if data["customer_id"] == "c1" and data["episode"] == 1 else 200)
    short = 'retry_for = "3s"'
    settings = write(setup, dead=f'url = "{dead.url}"\n{short}', picky=f'url = "{picky.url}"\n{short}')
    process = worker("webhooks", webhooks=settings)
    await joined(process, 2)
    await put(producer, setup, [change("c1"), change("c2"), change("c1", 2)])
    for n in range(6):
        await put(producer, setup, [change("c3", 1 + n)])
        await asyncio.sleep(0.5)
    await eventually(lambda: picky.of("c1") == [2], "after the first is given up, the second goes", process)
    await eventually(lambda: "is dead and gets nothing any more" in process.text(), "the dead one is closed", process)
    assert "webhook_failed" in process.text() and picky.of("c3") == list(range(1, 7)) and dead.got == []
    letters = await asyncio.to_thread(gedrag, "dlq", "list")
    assert "endpoint picky: refused since" in letters and "endpoint dead" not in letters
    assert "0 dead letters" in await asyncio.to_thread(gedrag, "dlq", "retry"), "a change isn't put on the topic once more"
    await stopped(process)


@pytest.mark.parametrize("role", ["webhooks", "crm"])
def test_a_role_that_is_not_set_up_says_so(worker: Callable[..., Process], role: str) -> None:
    process = worker(role)
    assert process.wait() == 2 and "isn't set up; see docs/feeds.md" in process.text()
