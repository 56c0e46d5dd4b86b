"""Building the live view again from the changes topic, while the worker goes on writing the present one.

The new view is built beside. It becomes the current one in one step of Redis, and only when it has taken in at least as much of every
partition as the present one: so nobody ever sees less, and what the worker takes in next goes into the new one, by offset.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from streams.kafka.errors import Misconfigured
from streams.sinks.live_view import LINGERS, LiveView
from streams.view.reading import Changes, Progress, changes

if TYPE_CHECKING:
    from streams.settings import Settings

#: Changes taken in by one script.
BATCH = 500
#: Milliseconds after which a rebuild that was killed stands in nobody's way.
LOCKED = 30_000


async def rebuild(settings: Settings, redis: Any, progress: Progress, *, accept_gap: bool = False) -> int:
    """Returns how many changes were taken in.

    Raises Misconfigured, KafkaError, RedisError, OSError; the present view is left as it is then.
    """
    lock, mine = f"{settings.app_id}:live-rebuild", secrets.token_hex(8)
    if not await redis.set(lock, mine, nx=True, px=LOCKED):
        raise Misconfigured(f"the live view is being built again already; if that was killed, it is free again in {LOCKED // 1000} s")
    try:
        async with changes(settings) as topic:
            _check_gap(topic, accept_gap)
            generation = await LiveView(redis, settings.app_id).generation()
            old = LiveView(redis, settings.app_id, generation)
            new = LiveView(redis, settings.app_id, str(int(generation or 0) + 1))
            await new.wipe()  # what a rebuild that was killed left
            await _build(new, LiveView(redis, settings.app_id), topic, progress, lambda: redis.pexpire(lock, LOCKED))
            await asyncio.sleep(LINGERS)  # somebody may just be reading the old one
            await old.wipe()
            return topic.read
    finally:
        if await redis.get(lock) == mine.encode():
            await redis.delete(lock)


async def _build(new: LiveView, current: LiveView, topic: Changes, progress: Progress, keep: Any) -> None:
    while True:
        async for source, found in topic.up_to_now(progress):
            for start in range(0, len(found), BATCH):
                await new.apply(source, found[start : start + BATCH])
            await keep()
        behind = await new.swap()
        if not behind:
            return
        # First what it has, then the end: the other way round, what comes in between would look like more than there is.
        taken = (await current.offsets()).get(behind, -1)
        end = await topic.end_of(behind)
        if end is None or taken >= end:  # of another topic, or of one deleted since: it will never be caught up with
            await new.swap(force=True)
            return


def _check_gap(topic: Changes, accept_gap: bool) -> None:
    if topic.gone and not accept_gap:
        raise Misconfigured(
            f"{topic.gone:,} changes are gone from the topic (setting retention): whoever has not changed since would be missing. "
            "The present view is left as it is. To build what the rest tells all the same: --accept-gap"
        )
