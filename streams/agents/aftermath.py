"""What is told of a message that isn't sent: the bounce, so that the customer gets no further mail; the dead letter; the mark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams.agents.dead_letters import DeadLetterBox
from streams.agents.gate import Refusal
from streams.agents.message import Message
from streams.clock import now_ms
from streams.email_events import once
from streams.kafka.names import Names
from streams.kafka.writer import Writer
from streams.sinks.claims import Claims
from streams.sinks.insist import Insist

if TYPE_CHECKING:
    from streams.settings import Settings


class Aftermath:
    """Belongs to one event loop; connects to the broker when there is something to tell."""

    def __init__(self, settings: Settings, claims: Claims, insist: Insist) -> None:
        self._claims = claims
        self._insist = insist
        self._letters = DeadLetterBox(settings)
        self._events = Names(settings.app_id, settings.topic_prefix).email_events
        self._writer = Writer(settings, "a bounce waits, and what came after it is not committed")

    async def refused(self, record: Any, place: str, message: Message | None, refusal: Refusal) -> None:
        """`record`: as Kafka gave it, at `place`. Returns when the broker has confirmed all of it; may be done twice after a crash."""
        if refusal.bounced and message is not None:
            event = once("bounced", message.customer_id, message.message_id, now_ms())
            await self._writer.insist(self._events, event.key, event.value)
        await self._letters.put(record, refusal.error, refusal.detail)
        if message is not None:
            why = f"{refusal.error}: {refusal.detail}"
            await self._insist(lambda: self._claims.refused(message.message_id, now_ms(), place, why))

    async def close(self) -> None:
        await self._letters.close()
        await self._writer.close()
