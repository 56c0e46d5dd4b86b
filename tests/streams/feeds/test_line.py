"""An endpoint's changes in one process, with real Redis and a real receiver: what fails, in which order, and what is done with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from aiohttp import web
from redis.asyncio import Redis

from streams.agents.webhooks.circuit import Patience
from streams.agents.webhooks.line import Line
from streams.agents.webhooks.sender import Sender
from streams.sinks.reachable import networks
from streams.sinks.webhook import Endpoint, Poster
from streams.sinks.webhook_notes import WebhookNotes
from tests.streams.feeds.changes import change, encoded
from tests.streams.feeds.receiver import SECRET, Receiver
from tests.streams.feeds.waiting import eventually

Start = Callable[..., Awaitable[Receiver]]
NOW = 1_772_362_800_000


class Running:
    """A worker's part that serves an endpoint. `letters`: dead letters; `acks`: offsets acknowledged, by partition."""

    def __init__(self, redis: Redis, app_id: str, url: str, patience: Patience | None = None, **options: Any) -> None:
        endpoint = Endpoint("shop", url, (SECRET,), **options)
        self.letters: list[tuple[int, str, str]] = []
        self.acks: dict[int, list[int]] = {}
        self.faults: list[BaseException] = []
        self.generation = 1
        self.erased: set[str] = set()
        self.notes = WebhookNotes(redis, app_id, "shop")
        self.poster = Poster(endpoint, networks("127.0.0.0/8"))
        self.sender = Sender(endpoint, self.poster, self.notes, patience or Patience(first=0.02, longest=0.1, look=0.05))
        self.line = Line(
            endpoint, self.sender, self.notes, self,  # type: ignore[arg-type]
            ack=lambda topic, partition, offset: self.acks.setdefault(partition, []).append(offset),
            current=lambda message: message.generation_id == self.generation, on_fault=self.faults.append, erased=self._is_erased,
        )  # fmt: skip
        self._beside = [asyncio.create_task(self.sender.watch()), asyncio.create_task(self.line.save())]

    async def _is_erased(self, record: Any) -> bool:
        return record.customer_id in self.erased

    async def put(self, message: Any, error: str, detail: str) -> None:
        self.letters.append((message.offset, error, detail))

    async def add(self, changes: list[dict[str, Any] | bytes], start: int = 0, partition: int = 0, at: int = NOW) -> None:
        for offset, each in enumerate(changes, start):
            value = each if isinstance(each, bytes) else encoded(each)
            key = b"" if isinstance(each, bytes) else each["customer_id"].encode()
            place = {"topic": "t", "partition": partition, "offset": offset, "generation_id": self.generation}
            await self.line.add(SimpleNamespace(**place, timestamp=(at + offset) / 1000, key=key, value=value))

    async def stop(self) -> None:
        await self.line.end(0.2)
        await self.kill()

    async def kill(self) -> None:
        tasks = (*self._beside, *self.line._tasks)
        async with asyncio.timeout(10):
            while left := [task for task in tasks if not task.done()]:  # Redis' client may swallow one
                for task in left:
                    task.cancel()
                await asyncio.wait(left, timeout=0.1)
        await self.poster.close()


@pytest.fixture
async def serve(redis: Redis, topic_prefix: str) -> AsyncIterator[Callable[..., Running]]:
    made: list[Running] = []

    def start(url: str, **options: Any) -> Running:
        made.append(Running(redis, topic_prefix, url, **options))
        return made[-1]

    yield start
    for each in made:
        await each.kill()
        assert each.faults == []


async def test_a_customers_changes_are_sent_in_order_and_others_at_once(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(hold=asyncio.Event())
    running = serve(hook.url, in_flight=3)
    await running.add([change(f"c{n % 4}", 1 + n // 4) for n in range(40)])
    await eventually(lambda: hook.under_way == 3, "three at once")
    hook.hold.set()  # type: ignore[union-attr]
    await eventually(lambda: len(hook.got) == 40, "all")
    assert hook.most == 3 and all(hook.of(f"c{n}") == list(range(1, 11)) for n in range(4))
    await eventually(lambda: running.acks.get(0) == list(range(40)), "all are acknowledged, in order")


async def test_what_one_customer_is_refused_holds_up_no_other_and_nothing_is_acknowledged_past_it(
    receiver: Start, serve: Callable[..., Running]
) -> None:
    answers = {"c1": 500}
    hook = await receiver(answer=lambda data: answers.get(data["customer_id"], 200))
    running = serve(hook.url)
    await running.add([change(f"c{n % 10}", 1 + n // 10) for n in range(100)])
    await eventually(lambda: len(hook.got) == 90, "all others")
    assert running.acks == {0: [0]} and hook.of("c1") == []
    answers.clear()
    await eventually(lambda: running.acks[0] == list(range(100)), "then it too")
    assert hook.of("c1") == list(range(1, 11))


async def test_after_a_crash_only_what_was_under_way_comes_again(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(answer=lambda data: 500 if data["customer_id"] == "c1" else 200)
    first = serve(hook.url)
    changes = [change(f"c{n % 50}", 1 + n // 50) for n in range(300)]
    await first.add(changes)
    await eventually(lambda: len(hook.got) == 294, "all but c1's")
    await asyncio.sleep(0.2)
    await first.kill()
    tries, hook.answer = len(hook.tries), lambda data: 200
    again = serve(hook.url)
    await again.add(changes)
    await eventually(lambda: len(hook.got) == 300, "c1's")
    assert len(hook.tries) == tries + 6 and again.acks[0] == list(range(300))


async def test_a_topic_made_anew_is_not_taken_for_the_old_one(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver()
    first = serve(hook.url)
    await first.add([change(f"c{n}") for n in range(20)])
    await eventually(lambda: len(hook.got) == 20, "all")
    await first.stop()
    again = serve(hook.url)
    await again.add([change(f"d{n}") for n in range(5)], at=NOW + 3_600_000)
    await eventually(lambda: len(hook.got) == 25, "the new ones have old offsets, and are new")


async def test_who_lost_the_partition_sends_no_more_of_it(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(answer=lambda data: 503)
    running = serve(hook.url)
    await running.add([change("c1"), change("c2")])
    await eventually(lambda: len(hook.tries) > 2, "it tries")
    running.generation = 2
    await asyncio.sleep(0.3)
    tries, hook.answer = len(hook.tries), lambda data: 200
    await asyncio.sleep(0.3)
    assert len(hook.tries) == tries and running.acks == {}


async def test_a_webhook_refused_for_long_while_others_are_taken_is_a_dead_letter(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(answer=lambda data: 400 if data["customer_id"] == "c1" and data["episode"] == 1 else 200)
    running = serve(hook.url, retry_for=1_000)
    await running.add([change("c1"), b"{", change("c1", 2), change("c2")])
    await asyncio.sleep(0.5)
    await running.add([change("c3")], start=4)
    await eventually(lambda: hook.of("c1") == [2], "the next one of that customer goes")
    assert [(offset, error) for offset, error, _ in running.letters] == [(1, "not_a_change"), (0, "webhook_failed")]
    assert "endpoint shop: refused since" in running.letters[1][2] and "HTTP 400" in running.letters[1][2]
    assert not running.sender.health.closed
    await eventually(lambda: running.acks[0] == list(range(5)), "all is done with")


async def test_an_endpoint_that_takes_nothing_for_long_is_closed_until_opened(
    receiver: Start, serve: Callable[..., Running], redis: Redis
) -> None:
    hook = await receiver(answer=lambda data: 500)
    running = serve(hook.url, retry_for=1_000)
    await running.add([change(f"c{n}") for n in range(20)])
    await eventually(lambda: running.sender.health.closed == "dead", "it is closed")
    tries = len(hook.tries)
    await asyncio.sleep(0.4)
    assert len(hook.tries) == tries < 100 and running.letters == [] and running.acks == {}
    found = await running.notes.health()
    assert found.word == "dead" and "no success since" in found.closed_why and "HTTP 500" in found.closed_why
    hook.answer = lambda data: 200
    await running.notes.open()
    await eventually(lambda: len(hook.got) == 20, "opened, it goes on")
    await asyncio.sleep(0.2)
    assert (await running.notes.health()).word == "active"


async def test_one_that_is_well_again_need_not_wait_for_its_next_try(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(answer=lambda data: 503)
    running = serve(hook.url, patience=Patience(first=600.0, longest=600.0, look=0.05))
    await running.add([change(f"c{n}") for n in range(20)])
    await eventually(lambda: running.sender.health.failing_since, "all wait, for minutes")
    hook.answer = lambda data: 200
    await running.notes.open()
    await eventually(lambda: len(hook.got) == 20, "resumed, it is tried at once")


async def test_what_an_endpoint_says_is_told_to_people_and_not_to_the_log(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(answer=lambda data: web.Response(status=410, text="no more for kim@example.org"))
    running = serve(hook.url)
    with structlog.testing.capture_logs() as told:
        await running.add([change("c1")])
        again = serve(hook.url)
        await eventually(lambda: running.sender.health.closed == again.sender.health.closed == "disabled", "both processes know")
    assert "kim" not in str(told) and ("HTTP 410" in str(told))
    assert "kim@example.org" in again.sender.health.closed_why


async def test_gone_closes_at_once(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(answer=lambda data: 410)
    running = serve(hook.url, in_flight=2)
    await running.add([change(f"c{n}") for n in range(20)])
    await eventually(lambda: running.sender.health.closed == "disabled", "it is closed")
    await asyncio.sleep(0.3)
    assert len(hook.tries) <= 2 and running.letters == []
    again = serve(hook.url)
    await eventually(lambda: again.sender.health.closed == "disabled", "another process knows")


async def test_closed_it_stays_closed_though_redis_was_asked_just_before(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(answer=lambda data: 410)
    running = serve(hook.url, in_flight=1)
    ask, write = running.notes.health, running.notes.close

    async def late() -> Any:
        found = await ask()
        await asyncio.sleep(0.2)  # what was found is old by now
        return found

    async def slow(*arguments: Any) -> None:
        await asyncio.sleep(0.3)
        await write(*arguments)

    running.notes.health, running.notes.close = late, slow  # type: ignore[method-assign]
    await running.add([change("c1")])
    await eventually(lambda: running.sender.health.closed, "it is closed")
    await asyncio.sleep(1)
    assert running.sender.health.closed == "disabled" and len(hook.tries) == 1


async def test_told_to_wait_it_waits(receiver: Start, serve: Callable[..., Running]) -> None:
    answers: list[Any] = [web.Response(status=429, headers={"Retry-After": "1"})]
    hook = await receiver(answer=lambda data: answers.pop() if answers else 200)
    running = serve(hook.url, in_flight=1)
    await running.add([change(f"c{n}") for n in range(3)])
    await asyncio.sleep(0.6)
    assert len(hook.tries) == 1
    await eventually(lambda: len(hook.got) == 3, "then all")


async def test_who_was_forgotten_is_told_nobody_of(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver()
    running = serve(hook.url)
    running.erased.add("c1")
    await running.add([change("c1"), change("c2")])
    await eventually(lambda: running.acks.get(0) == [0, 1], "both are done with")
    assert hook.of("c1") == [] and hook.of("c2") == [1]


async def test_a_slow_endpoint_is_not_read_ahead_of_without_bound(receiver: Start, serve: Callable[..., Running]) -> None:
    hook = await receiver(hold=asyncio.Event())
    running = serve(hook.url)
    adding = asyncio.create_task(running.add([change(f"c{n}") for n in range(1500)]))
    await asyncio.sleep(1)
    assert not adding.done() and len(running.line._tasks) == 1000
    adding.cancel()
    with suppress(asyncio.CancelledError):
        await adding
