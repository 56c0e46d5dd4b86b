"""GET /v1/changes: segment changes as they happen, as server-sent events (the EventSource of browsers, and every language has a client).

The id of an event says how far every partition has been read: "12.0.7.33" are the next offsets of partitions 0 to 3. A client that comes
back with the last one (Last-Event-ID; EventSource does it by itself) goes on right behind it. Comments keep quiet connections open, and
carry the id as well. Each stream reads the topic for itself, without a group, and only as fast as its client takes what it is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from aiohttp import web
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from scoring.segments.families import FAMILIES
from streams.clock import monotonic
from streams.http.answers import Problem
from streams.http.api import query
from streams.http.api.access import admit, needs
from streams.http.api.context import CONTEXT, Context
from streams.kafka import clients
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings

#: Streams of one server at a time.
MOST = 64
#: Seconds between two comments, between two looks whether the token still holds, and that a client may take to read what it was sent.
HEARTBEAT, RECHECK, SLOWEST = 10.0, 2.0, 30.0
#: Seconds the broker may take to answer at the start.
WITHIN = 10.0
#: Changes sent at once, and bytes read ahead of a partition.
AT_ONCE, AHEAD = 500, 256 * 1024
KINDS = ("entered", "exited", "moved")

log = structlog.get_logger(__name__)


class _Record(msgspec.Struct):
    segment: str = ""
    family: str = ""
    kind: str = "change"
    to: str | None = None
    come_from: str | None = msgspec.field(default=None, name="from")


_decode = msgspec.json.Decoder(_Record).decode


def routes() -> list[web.RouteDef]:
    return [web.get("/v1/changes", changes, allow_head=False)]


async def end(app: web.Application) -> None:
    """Ends all streams: the server stops, and clients go on at another."""
    app[CONTEXT].stopping.set()


@needs("read")
async def changes(request: web.Request) -> web.StreamResponse:
    query.only(request, "since", "segment", "family", "kind", "last_event_id")
    context = request.app[CONTEXT]
    wanted = _Filter(request, context)
    since = query.instant(request, "since")
    after = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
    if context.streams >= MOST:
        raise Problem(503, "Too many streams", f"This server sends {MOST} at a time; try another, or again later.", {"Retry-After": "10"})
    context.streams += 1
    try:
        async with _reading(context.settings, after, since) as consumer:
            return await _Stream(request, context, consumer, wanted).run()
    except (KafkaError, TimeoutError) as error:
        log.warning("the broker did not answer a stream of changes", error=str(error) or type(error).__name__)
        raise Problem(503, "The broker does not answer", "Send it again in a moment.", {"Retry-After": "2"}) from None
    finally:
        context.streams -= 1


class _Filter:
    """What of the changes is asked for."""

    def __init__(self, request: web.Request, context: Context) -> None:
        self._segments = set(request.query.getall("segment", []))
        self._families = set(request.query.getall("family", []))
        self._kinds = set(request.query.getall("kind", []))
        for name in self._segments:
            if name not in context.families and name not in context.names:
                raise query.bad(f"There is no segment {name[:64]!r}. {query.nearest(name, [*context.families, *context.names])}")
        if unknown := self._families - set(FAMILIES):
            raise query.bad(f"There is no family {min(unknown)[:64]!r}; there are {', '.join(FAMILIES)}.")
        if unknown := self._kinds - set(KINDS):
            raise query.bad(f"kind {min(unknown)[:64]!r} must be one of {', '.join(KINDS)}.")

    def takes(self, record: _Record) -> bool:
        named = {record.segment, f"{record.segment}.{record.to}", f"{record.segment}.{record.come_from}"}
        return (
            (not self._segments or not self._segments.isdisjoint(named))
            and (not self._families or record.family in self._families)
            and (not self._kinds or record.kind in self._kinds)
        )


@contextlib.asynccontextmanager
async def _reading(settings: Settings, after: str | None, since: int | None) -> Any:
    """A consumer of the changes that stands where the client wants to go on. Raises Problem, KafkaError, TimeoutError."""
    consumer = clients.consumer(
        settings, auto_offset_reset="none", fetch_max_wait_ms=500, max_partition_fetch_bytes=AHEAD, fetch_max_bytes=4 * AHEAD
    )
    async with asyncio.timeout(WITHIN):
        await consumer.start()
    try:
        async with asyncio.timeout(WITHIN):
            tps = [TopicPartition(Names(settings.app_id, settings.topic_prefix).changes, number) for number in range(settings.partitions)]
            consumer.assign(tps)
            for tp, position in (await _positions(consumer, tps, after, since)).items():
                consumer.seek(tp, position)
        yield consumer
    finally:
        await consumer.stop()


async def _positions(
    consumer: AIOKafkaConsumer, tps: list[TopicPartition], after: str | None, since: int | None
) -> dict[TopicPartition, int]:
    ends = await consumer.end_offsets(tps)
    if after is not None:
        return _resumed(after, await consumer.beginning_offsets(tps), ends)
    if since is None:
        return dict(ends)
    found = await consumer.offsets_for_times(dict.fromkeys(tps, since))
    return {tp: ends[tp] if found[tp] is None else found[tp].offset for tp in tps}


def _resumed(after: str, beginnings: dict[TopicPartition, int], ends: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    parts = after.split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts) or len(parts) != len(ends):
        raise query.bad(f"Last-Event-ID must be the id of an event of this stream: {len(ends)} offsets with dots between.")
    wanted = dict(zip(sorted(ends), map(int, parts), strict=True))
    if any(not beginnings[tp] <= position <= ends[tp] for tp, position in wanted.items()):
        said = (
            "Changes after this event are not there any more (retention), or the topic was made anew. "
            "Take over the segments' members anew, then begin without Last-Event-ID."
        )
        raise Problem(410, "Gone", said)
    return wanted


class _Stream:
    """One client and what it is sent."""

    def __init__(self, request: web.Request, context: Context, consumer: AIOKafkaConsumer, wanted: _Filter) -> None:
        self._request = request
        self._context = context
        self._consumer = consumer
        self._wanted = wanted
        self._next: dict[TopicPartition, int] = {}
        self._response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})

    async def run(self) -> web.StreamResponse:
        for tp in sorted(self._consumer.assignment()):
            self._next[tp] = await self._consumer.position(tp)
        await self._response.prepare(self._request)
        try:
            await self._send([f"retry: 2000\nid: {self._id()}\n: connected\n\n"])
            await self._follow()
            await self._response.write_eof()
        except ConnectionError:
            pass  # the client went away, and resumes where it was
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()  # it is too slow: what it has not read would be waited for on and on
        return self._response

    async def _follow(self) -> None:
        said = checked = monotonic()
        while not self._context.stopping.is_set():
            events = await self._events()
            now = monotonic()
            if events or now - said > HEARTBEAT:
                await self._send(events or [f"id: {self._id()}\n: heartbeat\n\n"])
                said = now
            if now - checked > RECHECK:
                if not await self._still_allowed():
                    return
                checked = now

    async def _events(self) -> list[str]:
        try:
            fetched = await self._consumer.getmany(timeout_ms=1000, max_records=AT_ONCE)
        except KafkaError as error:
            log.warning("a stream of changes ends; its client comes back", error=str(error) or type(error).__name__)
            raise ConnectionError from None
        events = []
        for tp, records in fetched.items():
            for record in records:
                self._next[tp] = record.offset + 1
                try:
                    change = _decode(record.value or b"")
                except msgspec.DecodeError:
                    continue  # nothing of ours; the live view makes it a dead letter
                if self._wanted.takes(change):
                    value = record.value.decode("utf-8", "replace").replace("\r", " ").replace("\n", " ")
                    kind = change.kind if change.kind in KINDS else "change"
                    events.append(f"id: {self._id()}\nevent: {kind}\ndata: {value}\n\n")
        return events

    def _id(self) -> str:
        return ".".join(map(str, self._next.values()))

    async def _send(self, events: list[str]) -> None:
        async with asyncio.timeout(SLOWEST):
            await self._response.write("".join(events).encode())

    async def _still_allowed(self) -> bool:
        """A token that was revoked or has expired ends its streams. While Redis is away they go on."""
        try:
            await admit(self._context, self._request.headers.get("Authorization", ""))
        except Problem as problem:
            return problem.status == 429
        except Exception:
            return True
        return True
