"""Bringing what was decided on mails into the message history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from scoring.events.instants import epoch_ms
from scoring.events.invalid import Invalid
from streams.agents.dead_letters import DeadLetterBox
from streams.sinks.history import Decision, History
from streams.sinks.insist import Insist
from streams.sinks.outage import Outage


class _Message(msgspec.Struct, omit_defaults=True):
    customer_id: str
    message_id: str
    campaign: str
    step: int
    decision: str
    at: str
    reason: str = ""
    variant: str | None = None
    template: str | None = None
    change_id: str | None = None


_decode = msgspec.json.Decoder(_Message).decode


class Historian:
    """Brings records of `messages` and `withdrawals` into the history, whatever fails on the way."""

    def __init__(self, history: History, letters: DeadLetterBox, erased: Callable[[str, int], Awaitable[bool]]) -> None:
        """`erased(customer, at)`: may nothing of what was decided then be kept?"""
        self._history = history
        self._erased = erased
        self._letters = letters
        self._insist = Insist(Outage("Redis", "the message history stands still; it catches up when Redis answers"))

    async def take(self, messages: list[Any]) -> None:
        """Returns when all of them are in the history, or dead letters. Waits while Redis is away."""
        parts: dict[str, list[Decision]] = {}
        for message in messages:
            try:
                decision = decision_of(message)
            except (msgspec.DecodeError, Invalid) as error:
                await self._letters.put(message, "not_a_message", str(error))
            else:
                parts.setdefault(f"{message.topic}/{message.partition}", []).append(decision)
        for source, decisions in parts.items():
            await self._add(source, decisions)

    async def _add(self, source: str, decisions: list[Decision]) -> None:
        async def add() -> None:
            kept = [each for each in decisions if not await self._erased(each.customer_id, each.at)]
            await self._history.add(source, kept)

        await self._insist(add)


def decision_of(message: Any) -> Decision:
    """What is kept of a decision: not the address, nor what the mail shows. Raises msgspec.DecodeError or Invalid."""
    record = _decode(message.value or b"")
    return Decision(message.offset, round(message.timestamp * 1000), record.customer_id, epoch_ms(record.at), msgspec.json.encode(record))
