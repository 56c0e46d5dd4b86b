"""Records that an agent can't use, kept with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from streams.deadletters import DeadLetter
from streams.kafka.names import Names
from streams.kafka.writer import Writer

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)


class DeadLetterBox:
    """Writes dead letters, each confirmed by all replicas before `put` returns. Connects at the first one."""

    def __init__(self, settings: Settings) -> None:
        self._topic = Names(settings.app_id, settings.topic_prefix).dead_letters
        self._writer = Writer(settings, "a dead letter waits, and what came after it is not committed")

    async def put(self, message: Any, error: str, detail: str) -> None:
        headers = message.headers.items() if isinstance(message.headers, dict) else message.headers
        letter = DeadLetter(
            message.topic, message.partition, message.offset, round(message.timestamp * 1000), message.key, message.value,
            tuple((name, value) for name, value in headers or ()), error, detail,
        )  # fmt: skip
        await self._writer.insist(self._topic, letter.key, letter.value, letter.annotated())
        log.warning("not delivered, kept as a dead letter", error=error, detail=detail, offset=letter.offset)

    async def close(self) -> None:
        await self._writer.close()
