"""Acknowledging in order, whatever ends first."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from streams.agents.in_order import InOrder


class Events:
    """Events of a stream that note when they are acknowledged; `work` lasts until `finish`."""

    def __init__(self) -> None:
        self.acked: list[tuple[int, int]] = []
        self.gates: dict[tuple[int, int], asyncio.Event] = {}

    def event(self, offset: int, partition: int = 0, generation: int = 1) -> Any:
        message = SimpleNamespace(topic="t", partition=partition, offset=offset, generation_id=generation)
        self.gates[partition, offset] = asyncio.Event()
        return SimpleNamespace(message=message, ack=lambda: self.acked.append((partition, offset)))

    async def work(self, event: Any, error: Exception | None = None) -> None:
        await self.gates[event.message.partition, event.message.offset].wait()
        if error is not None:
            raise error

    async def finish(self, offset: int, partition: int = 0) -> None:
        self.gates[partition, offset].set()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_what_ends_early_waits_for_what_came_before_it() -> None:
    events = Events()
    line = InOrder(10, lambda event: True, lambda error: None)
    for n in range(3):
        await line.add(event := events.event(n), events.work(event))
    await line.add(event := events.event(0, partition=1), events.work(event))
    await events.finish(2)
    await events.finish(1)
    assert events.acked == []
    await events.finish(0, partition=1)
    assert events.acked == [(1, 0)]
    await events.finish(0)
    assert events.acked == [(1, 0), (0, 0), (0, 1), (0, 2)]


async def test_nothing_more_is_taken_while_too_much_is_under_way() -> None:
    events = Events()
    line = InOrder(2, lambda event: True, lambda error: None)
    for n in range(2):
        await line.add(event := events.event(n), events.work(event))
    event = events.event(2)
    third = asyncio.create_task(line.add(event, events.work(event)))
    await events.finish(1)
    assert not third.done(), "the second is done, but not acknowledged yet"
    await events.finish(0)
    assert third.done()
    await line.end(1)


async def test_after_a_fault_nothing_is_acknowledged() -> None:
    events, faults = Events(), list[BaseException]()
    line = InOrder(10, lambda event: True, faults.append)
    await line.add(event := events.event(0), events.work(event))
    await line.add(event := events.event(1), events.work(event, ValueError("ours")))
    await line.add(event := events.event(2), events.work(event))
    for n in (2, 1, 0):
        await events.finish(n)
    assert events.acked == [(0, 0)] and [str(error) for error in faults] == ["ours"]


async def test_events_of_a_lost_partition_are_not_acknowledged_and_hold_up_nobody() -> None:
    events = Events()
    line = InOrder(10, lambda event: event.message.generation_id == 2, lambda error: None)
    old, new = events.event(0, generation=1), events.event(0, partition=0, generation=2)
    blocked = asyncio.Event()

    async def long() -> None:
        await blocked.wait()

    await line.add(old, long())
    await line.add(new, events.work(new))
    await events.finish(0)
    assert events.acked == [(0, 0)]
    blocked.set()
    await asyncio.sleep(0.01)
    assert events.acked == [(0, 0)]


async def test_ending_stops_what_waits() -> None:
    events = Events()
    line = InOrder(10, lambda event: True, lambda error: None)
    await line.add(event := events.event(0), events.work(event))
    async with asyncio.timeout(1):
        await line.end(5)
    assert events.acked == []
