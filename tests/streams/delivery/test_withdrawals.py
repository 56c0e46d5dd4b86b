"""Reading ahead, over a consumer that is given up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from redis.exceptions import ConnectionError as RedisAway

from streams.agents import withdrawals
from streams.agents.withdrawals import Withdrawals
from streams.settings import Settings


class Consumer:
    """Of one record at offset 0. One that is `deaf` answers nothing about the end, as after it was stopped."""

    def __init__(self, deaf: bool) -> None:
        self._deaf = deaf
        self._read = False

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def assign(self, places: list[TopicPartition]) -> None:
        (self._place,) = places

    def seek(self, place: TopicPartition, offset: int) -> None: ...

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        if self._deaf:
            await asyncio.Event().wait()
        return dict.fromkeys(places, 1)

    async def offsets_for_times(self, times: dict[TopicPartition, int]) -> dict[TopicPartition, Any]:
        return {place: _Record(b"", 0) for place in times}

    async def getmany(self, **_: int) -> dict[TopicPartition, list[Any]]:
        await asyncio.sleep(0.05)
        if self._read:
            return {}
        self._read = True
        return {self._place: [_Record(b'{"message_id": "m", "reason": "purchase"}', 0)]}

    async def position(self, place: TopicPartition) -> int:
        return 1


class _Record:
    def __init__(self, value: bytes, offset: int) -> None:
        self.value, self.offset, self.topic, self.partition = value, offset, "withdrawals", 0


class AwayOnce:
    """Claims while Redis is away for a moment."""

    def __init__(self) -> None:
        self.withdrawn: dict[str, str] = {}
        self._asked = 0

    async def withdraw(self, reasons: dict[str, str]) -> None:
        self._asked += 1
        if self._asked == 1:
            raise RedisAway("connection refused")
        self.withdrawn |= reasons


async def test_who_asked_a_consumer_that_is_given_up_asks_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer would never come: one moment without Redis held a mail back for 40 s."""
    made: list[Consumer] = []

    def consumer(*_: object, **__: object) -> Consumer:
        made.append(Consumer(deaf=not made))
        return made[-1]

    monkeypatch.setattr(withdrawals.clients, "consumer", consumer)
    claims = AwayOnce()
    ahead = Withdrawals(Settings(), claims)  # type: ignore[arg-type]
    ahead.watch(0, 1_000_000)
    await asyncio.wait_for(ahead.caught_up(0), 5)
    assert claims.withdrawn == {"m": "purchase"} and len(made) == 2
    await ahead.close()
