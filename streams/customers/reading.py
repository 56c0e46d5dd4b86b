"""Reads a partition's changelog in bulk: values stay encoded, a million of them in a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import structlog
from aiokafka import TopicPartition

from streams.clock import monotonic
from streams.customers.recovery import Record, Restored
from streams.kafka.clients import consumer
from streams.kafka.internals import take_as_read

if TYPE_CHECKING:
    from streams.settings import Settings

#: Records taken in before the loop gets its turn again.
PORTION = 2_500
FETCH_BYTES = 4 << 20
#: Seconds between two lines of progress.
PROGRESS = 2.0

log = structlog.get_logger(__name__)


async def restore(settings: Settings, changelog: str, number: int, progress: dict[int, tuple[int, int]]) -> Restored:
    """The partition's changelog from its beginning to the end it has now. Raises Fatal, KafkaError.

    `progress`: there it is told meanwhile, by partition: (offset reached, end), the end -1 until it is known.
    """
    reader = consumer(settings, auto_offset_reset="earliest", max_partition_fetch_bytes=FETCH_BYTES, fetch_max_wait_ms=100)
    await reader.start()
    take_as_read(reader)
    restored = Restored(changelog, number)
    tp = TopicPartition(changelog, number)
    said = monotonic()
    progress[number] = 0, -1
    try:
        reader.assign([tp])
        await reader.seek_to_beginning(tp)
        # The high watermark of a fetch is the end on every broker; the embedded one answers ListOffsets too low.
        end: int | None = None
        while end is None or await reader.position(tp) < end:
            for records in (await reader.getmany(timeout_ms=200, max_records=PORTION)).values():
                restored.read(records)
            if end is None:
                end = reader.highwater(tp)
            progress[number] = await reader.position(tp), -1 if end is None else end
            if monotonic() - said > PROGRESS:
                said = monotonic()
                log.info("reading the changelog", partition=number, records=restored.records, offset=progress[number][0], end=end)
            await asyncio.sleep(0)
        restored.end = await reader.position(tp)
    finally:
        await reader.stop()
    return restored


async def between(settings: Settings, changelog: str, number: int, first: int, end: int) -> AsyncIterator[Record]:
    """Records from offset `first` up to, not including, `end`; some may be gone by compaction. Raises KafkaError."""
    reader = consumer(settings, auto_offset_reset="earliest", fetch_max_wait_ms=100)
    await reader.start()
    tp = TopicPartition(changelog, number)
    try:
        reader.assign([tp])
        reader.seek(tp, first)
        while await reader.position(tp) < end:
            for records in (await reader.getmany(timeout_ms=200, max_records=PORTION)).values():
                for record in records:
                    if record.offset < end:
                        yield record
    finally:
        await reader.stop()
