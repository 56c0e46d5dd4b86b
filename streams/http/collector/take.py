"""Calls to what is written of them: records of the input topics, and dead letters of those that no library would mend."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from scoring.events.decode import Invalid
from scoring.events.schema import TOPICS
from scoring.tracking import calls as reading
from scoring.tracking.calls import Envelope
from scoring.tracking.mapping import Unknown
from streams import tracking
from streams.deadletters import DeadLetter
from streams.http.collector.body import LARGEST_CALL, Calls
from streams.http.collector.figures import Figures
from streams.http.collector.outlet import Outgoing
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings

#: Calls read without giving other requests a turn.
_TURN = 100


class Taken(NamedTuple):
    """`refused`: (number of the call, error, detail)."""

    outgoing: list[Outgoing]
    refused: list[tuple[int, str, str]]


class Taker:
    """Raises Misconfigured where the shop's table is wrong."""

    def __init__(self, settings: Settings, figures: Figures) -> None:
        table = tracking.table(settings)
        names = Names(settings.app_id, settings.topic_prefix)
        self._mapper = tracking.mapper(settings, table)
        self._keep_unknown = bool(table.keep_unknown)
        self._topics, self._dead_letters = names.inputs, names.dead_letters
        self._figures = figures

    async def take(self, calls: Calls, received: int) -> Taken:
        """`received` in epoch ms."""
        outgoing: list[Outgoing] = []
        refused: list[tuple[int, str, str]] = []
        for number, value in enumerate(calls.values):
            if number and number % _TURN == 0:
                await asyncio.sleep(0)
            try:
                outgoing += self._one(value, calls.around, received)
            except Invalid as fault:
                refused.append((number, fault.error, fault.detail))
                outgoing.append(self._letter(value, calls.around, received, fault))
        return Taken(outgoing, refused)

    def _one(self, value: bytes, around: Envelope, received: int) -> list[Outgoing]:
        if len(value) > LARGEST_CALL:
            raise Invalid("too_long", f"the call: expected at most {LARGEST_CALL // 1024} KiB")
        call = reading.read(value, around)
        try:
            records = self._mapper.records(call, received)
        except Unknown as unknown:
            self._figures.unknown_name(unknown.name)
            if self._keep_unknown:
                raise Invalid(unknown.error, unknown.detail) from None
            records = []
        self._figures.calls[str(call.type)] += 1
        for record in records:
            self._figures.records[TOPICS[record.rank]] += 1
        return [Outgoing(self._topics[record.rank], record.key, record.value) for record in records]

    def _letter(self, value: bytes, around: Envelope, received: int, fault: Invalid) -> Outgoing:
        self._figures.refused[fault.error] += 1
        own = tracking.headers(around)
        letter = DeadLetter(tracking.ORIGIN, -1, -1, received, None, value, own, fault.error, fault.detail)
        return Outgoing(self._dead_letters, None, value, letter.annotated())
