"""A simulated shop's events, sent to Kafka when the clock says they happen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count

import msgspec

from scoring.events.rows import kafka_value, line_decoder
from scoring.events.schema import Event, Product
from streams.clock import now_ms
from streams.kafka import clients
from streams.kafka.names import Names
from streams.settings import Settings
from streams.simulate import simulate

#: Seconds between two looks at the clock.
TICK = 0.05
#: Days a generation of customers is simulated for; the next begins where it ends.
SEASON = 60
_DAY = 86_400_000

_encode = msgspec.json.Encoder().encode


class Traffic:
    """`sent` counts the events the broker has confirmed."""

    def __init__(self, settings: Settings, customers: int, seed: int) -> None:
        self._settings = settings
        self._names = Names(settings.app_id, settings.topic_prefix)
        self._customers = customers
        self._seed = seed
        self.sent = 0

    async def run(self) -> None:
        """Sends until cancelled; what was begun is then confirmed first. Raises KafkaError."""
        producer = clients.producer(self._settings, linger_ms=5)
        await producer.start()
        try:
            due: list[asyncio.Future[object]] = []
            for event, value in self._events():
                while event.ts > now_ms():
                    await self._confirm(due)
                    await asyncio.sleep(TICK)
                # Stamped by this clock: the worker refuses an event that claims to be later than its record.
                topic, key = self._names.place_of(event)
                due.append(await producer.send(topic, value, key, timestamp_ms=max(event.ts, now_ms())))
                if len(due) >= 1000:
                    await self._confirm(due)
        finally:
            await producer.stop()

    async def _confirm(self, due: list[asyncio.Future[object]]) -> None:
        if due:
            await asyncio.gather(*due)
            self.sent += len(due)
            due.clear()

    def _events(self) -> Iterator[tuple[Event | Product, bytes]]:
        """Events with their values in order of time, from now on and without end."""
        decode = line_decoder(self._settings.currency)
        start = now_ms()
        for season in count():
            for row in simulate(self._customers, SEASON, self._seed + season, start + season * SEASON * _DAY):
                line = _encode(row)
                event = decode(line)
                yield event, kafka_value(line, event)
