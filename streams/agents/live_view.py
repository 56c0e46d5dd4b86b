"""The live view agents: keep Redis in step with `segment-changes`, and the message history with `messages` and `withdrawals`.

Records are taken in by batches as they come, each batch of a partition with its last offset in one transaction; only then are they
acknowledged. So the view is never ahead of nor behind the changes it has taken in, and reading some again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from scoring.events.instants import epoch_ms
from scoring.events.invalid import Invalid
from streams.agents.dead_letters import DeadLetterBox
from streams.agents.departures import Departures
from streams.agents.history import Historian
from streams.agents.in_order import no_waiting
from streams.agents.reach import reach_redis, redis_of
from streams.app import topic
from streams.erasure import is_erased
from streams.sinks.history import History
from streams.sinks.insist import Insist
from streams.sinks.live_view import Change, LiveView, TopicMadeAnew
from streams.sinks.outage import Outage

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)

#: Changes read ahead of Redis, and taken in at once: one script of this size keeps Redis busy for some milliseconds.
AHEAD = 4000
BATCH = 500


class _Record(msgspec.Struct, rename={"come_from": "from"}):
    customer_id: str
    segment: str
    kind: str
    at: str
    to: str | None = None
    come_from: str | None = None
    cause: str = ""


_decode = msgspec.json.Decoder(_Record).decode


async def check(settings: Settings) -> None:
    """Redis answers. Raises Misconfigured."""
    await reach_redis(settings)


def register(app: Any, settings: Settings) -> Any:
    """Makes the agents on the Faust app; returns that of the changes. Nothing is connected before the app starts."""
    no_waiting(app)

    def historian(redis: Any, letters: DeadLetterBox) -> Historian:
        return Historian(History(redis, settings.app_id), letters, lambda customer, at: is_erased(redis, settings, customer, at))

    for name in ("messages", "withdrawals"):
        _agent(app, settings, name, historian)
    _agent(app, settings, "departures", lambda redis, letters: Departures(redis, settings, letters))
    return _agent(app, settings, "segment-changes", lambda redis, letters: Keeper(LiveView(redis, settings.app_id), letters))


def _agent(app: Any, settings: Settings, name: str, keeper_of: Callable[[Any, DeadLetterBox], Keeper | Historian | Departures]) -> Any:
    """An agent that hands a topic's records over by batches, and acknowledges a batch when it is in Redis."""

    @app.agent(topic(app, settings, name), name=f"live_view.{name}")  # type: ignore[untyped-decorator, unused-ignore]
    async def agent(stream: Any) -> None:
        redis = redis_of(settings)
        letters = DeadLetterBox(settings)
        keeper = keeper_of(redis, letters)
        waiting: asyncio.Queue[Any] = asyncio.Queue(AHEAD)

        async def keep() -> None:
            while True:
                batch = [await waiting.get()]
                while len(batch) < BATCH and not waiting.empty():
                    batch.append(waiting.get_nowait())
                await keeper.take([event.message for event in batch])
                for event in batch:
                    if event.message.generation_id == app.consumer_generation_id:
                        event.ack()

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()):
                asyncio.ensure_future(app.crash(error))

        keeping = asyncio.create_task(keep())
        keeping.add_done_callback(ended)
        try:
            async for event in stream.noack().events():
                await waiting.put(event)
        finally:
            keeping.cancel()
            await letters.close()
            await redis.aclose()

    return agent


class Keeper:
    """Brings records of `segment-changes` into the view, whatever fails on the way."""

    def __init__(self, view: LiveView, letters: DeadLetterBox) -> None:
        self._view = view
        self._letters = letters
        self._insist = Insist(Outage("Redis", "the live view stands still; it catches up when Redis answers"))

    async def take(self, messages: list[Any]) -> None:
        """Returns when all of them are in the view, or dead letters. Waits while Redis is away."""
        parts: dict[str, list[Change]] = {}
        for message in messages:
            try:
                change = change_of(message.value, message.offset, round(message.timestamp * 1000))
            except (msgspec.DecodeError, Invalid, ValueError) as error:
                await self._letters.put(message, "not_a_change", str(error))
            else:
                parts.setdefault(f"{message.topic}/{message.partition}", []).append(change)
        for source, changes in parts.items():
            await self._apply(source, changes)

    async def _apply(self, source: str, changes: list[Change]) -> None:
        async def apply() -> None:
            try:
                await self._view.apply(source, changes)
            except TopicMadeAnew:
                log.warning("the changes topic was made anew: the live view is built again from it", topic=source)
                await self._view.wipe()
                await self._view.apply(source, changes)

        await self._insist(apply)


def change_of(value: bytes | None, offset: int, written: int) -> Change:
    """`written`: the record's timestamp in ms. Raises msgspec.DecodeError, Invalid or ValueError for what is no change."""
    record = _decode(value or b"")
    gone = record.cause in ("merge", "erasure")
    moves = record.to is not None or record.come_from is not None  # to a tier, or from the last one to none
    if record.kind not in ("entered", "exited", "moved") or (record.kind == "moved") is not moves:
        raise ValueError(f"kind {record.kind[:40]!r}, from {record.come_from!r} to {record.to!r}: no change is like that")
    return Change(
        offset, written, record.customer_id, record.kind, record.segment,
        record.to or "", epoch_ms(record.at), gone,
    )  # fmt: skip
