"""Events of files to Kafka, in order of time: as fast as it goes, or timed by `ts`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidTimestampError, KafkaError

from scoring.events.rows import kafka_value
from streams.clock import now_ms, speed
from streams.files import Record
from streams.kafka import clients
from streams.kafka.names import Names
from streams.settings import Settings

#: ms a batch waits for more, where nothing else tells when to send.
LINGER = 10
#: Events between two looks at the progress and at what went wrong.
STEP = 2_000
#: Longest sleep in seconds: a clock may be set, and Ctrl-C should be noticed.
NAP = 0.5

OnProgress = Callable[[int, int], None]


class Refused(Exception):
    """The broker did not take an event; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When events are sent: `speed` times as fast as their `ts` follow each other; None: at once.

    `now`: times are moved so that the last event's is the moment it is sent.
    """

    speed: float | None = None
    now: bool = False


def in_order(records: Iterable[Record]) -> list[Record]:
    """By `ts`, topic rank and the order read: what a shop would have sent. All of them in memory, some 500 bytes each."""
    return sorted(records, key=lambda record: (record.event.ts, record.event.rank))


class Production:
    """One run. `sent` counts events handed to the broker and acknowledged when `send` has returned."""

    def __init__(self, settings: Settings, pace: Pace) -> None:
        self._settings = settings
        self._names = Names(settings.app_id, settings.topic_prefix)
        self._pace = pace
        self._failure: BaseException | None = None
        self.sent = 0

    async def send(self, records: Sequence[Record], on_progress: OnProgress) -> None:
        """Sends records in the order given. Raises Refused, KafkaError; what was sent before stays sent."""
        if not records:
            return
        first, last = records[0].event.ts, max(record.event.ts for record in records)
        began = now_ms()
        shift = self._shift(first, last, began)
        producer = clients.producer(self._settings, linger_ms=LINGER if self._pace.speed is None else 0)
        await producer.start()
        try:
            for record in records:
                if self._pace.speed is not None:
                    await self._wait(began + (record.event.ts - first) / self._pace.speed)
                await self._one(producer, record, shift)
                if self.sent % STEP == 0:
                    on_progress(self.sent, len(records))
                    self._look()
            await producer.flush()
            self._look()
            on_progress(self.sent, len(records))
        finally:
            await producer.stop()

    def _shift(self, first: int, last: int, began: int) -> int:
        if not self._pace.now:
            return 0
        takes = 0 if self._pace.speed is None else int((last - first) / self._pace.speed)
        return began + takes - last

    async def _wait(self, until: float) -> None:
        while (ahead := until - now_ms()) > 0:
            await asyncio.sleep(min(ahead / 1000 / speed(), NAP))

    async def _one(self, producer: AIOKafkaProducer, record: Record, shift: int) -> None:
        event = record.event
        assert record.value is not None, "read with values"
        topic, key = self._names.place_of(event)
        acknowledged = await producer.send(
            topic,
            kafka_value(record.value, event, shift),
            key,
            # Now, not the event's own time: history would be deleted at once by retention. And never before it: no event is of the future.
            timestamp_ms=max(now_ms(), event.ts + shift),
        )
        acknowledged.add_done_callback(self._acknowledged)
        self.sent += 1

    def _acknowledged(self, future: asyncio.Future[object]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None and self._failure is None:
            self._failure = error

    def _look(self) -> None:
        if isinstance(self._failure, InvalidTimestampError):
            raise Refused("the broker takes no events of the future: send them with --now") from self._failure
        if isinstance(self._failure, KafkaError):
            raise Refused(f"the broker refused an event: {self._failure}") from self._failure
        if self._failure is not None:
            raise self._failure
