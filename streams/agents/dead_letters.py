"""Records that an agent can't use, kept with the reason."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.errors import KafkaError

from streams.deadletters import DeadLetter
from streams.kafka import clients
from streams.kafka.names import Names
from streams.sinks.backoff import Backoff
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)


class DeadLetterBox:
    """Writes dead letters, each confirmed by all replicas before `put` returns. Connects at the first one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = Names(settings.app_id, settings.topic_prefix).dead_letters
        self._producer: Any = None
        self._lock = asyncio.Lock()
        self._broker = Outage("the broker", "a dead letter waits, and what came after it is not committed")

    async def put(self, message: Any, error: str, detail: str) -> None:
        headers = message.headers.items() if isinstance(message.headers, dict) else message.headers
        letter = DeadLetter(
            message.topic, message.partition, message.offset, round(message.timestamp * 1000), message.key, message.value,
            tuple((name, value) for name, value in headers or ()), error, detail,
        )  # fmt: skip
        backoff = Backoff()
        while True:
            try:
                producer = await self._started()
                await producer.send_and_wait(self._topic, key=letter.key, value=letter.value, headers=letter.annotated())
            except (KafkaError, OSError) as failure:
                self._broker.failed(failure)
                await asyncio.sleep(backoff.next())
            else:
                self._broker.over()
                log.warning("not delivered, kept as a dead letter", error=error, detail=detail, offset=letter.offset)
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
