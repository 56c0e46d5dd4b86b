"""Who was forgotten is told nobody of any more, but for the changes that say it: their exits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from streams.agents.webhooks.change import Record
from streams.erasure import is_erased

if TYPE_CHECKING:
    from streams.settings import Settings

#: Is this a change of somebody who was forgotten since? Raises redis.RedisError, OSError.
Erased = Callable[[Record], Awaitable[bool]]


async def nobody(record: Record) -> bool:
    return False


def forgotten(redis: Any, settings: Settings) -> Erased:
    """As Redis knows it."""

    async def ask(record: Record) -> bool:
        return record.cause != "erasure" and await is_erased(redis, settings, record.customer_id, record.instant)

    return ask
