"""Writing single records that somebody waits for: each confirmed by all replicas, over a producer that connects at the first one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError

from streams.kafka import clients
from streams.sinks.backoff import Backoff
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from streams.settings import Settings

Headers = list[tuple[str, bytes]]


class Writer:
    """Belongs to one event loop. `meanwhile`: what becomes of the work while the broker is away, for the log."""

    def __init__(self, settings: Settings, meanwhile: str) -> None:
        self._settings = settings
        self._producer: Any = None
        self._lock = asyncio.Lock()
        self._broker = Outage("the broker", meanwhile)

    async def write(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Returns when the record is confirmed. Raises KafkaError or OSError."""
        producer = await self._started()
        await producer.send_and_wait(topic, key=key, value=value, headers=headers or [])

    async def insist(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers | None = None) -> None:
        """Returns when the record is confirmed, however long the broker is away."""
        backoff = Backoff()
        while True:
            try:
                await self.write(topic, key, value, headers)
            except (KafkaError, OSError) as failure:
                self._broker.failed(failure)
                await asyncio.sleep(backoff.next())
            else:
                self._broker.over()
                return

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def _started(self) -> Any:
        async with self._lock:
            if self._producer is None:
                producer = clients.producer(self._settings)
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer
