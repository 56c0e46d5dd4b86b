"""One customer's records on the topics: Kafka finds nothing by key, so its partition is read from the beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from streams.kafka.clients import admin, consumer
from streams.kafka.place import partition_of
from streams.kafka.topics import partition_counts

if TYPE_CHECKING:
    from streams.settings import Settings

#: (records read, records in all)
OnProgress = Callable[[int, int], None]

_FETCH_BYTES = 4 << 20
_AT_ONCE = 5_000


async def records_of(
    settings: Settings, topics: Sequence[str], customer_id: str, on_progress: OnProgress, wanted: Callable[[bytes], bool] | None = None
) -> AsyncIterator[Any]:
    """The records under the customer's key, topic by topic as they come; those of other keys too where `wanted` says so. Raises KafkaError.

    Topics that aren't there have none. Ends where they ended when it began.
    """
    key = customer_id.encode("utf-8", "surrogatepass")
    there = await _partitions(settings)
    places = [TopicPartition(topic, partition_of(key, there[topic])) for topic in topics if there.get(topic)]
    if not places:
        return
    reader = consumer(settings, auto_offset_reset="earliest", fetch_max_wait_ms=50, max_partition_fetch_bytes=_FETCH_BYTES)
    await reader.start()
    try:
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        first = {place: await reader.position(place) for place in places}
        ends: dict[TopicPartition, int] = {}
        while True:
            for records in (await reader.getmany(timeout_ms=200, max_records=_AT_ONCE)).values():
                for record in records:
                    if record.key == key or (wanted is not None and record.key is not None and wanted(record.key)):
                        yield record
            for place in places:
                # The high watermark of a fetch is the end on every broker; the embedded one answers ListOffsets too low.
                if place not in ends and (end := reader.highwater(place)) is not None:
                    ends[place] = end
            at = {place: await reader.position(place) for place in places}
            on_progress(sum(at[place] - first[place] for place in ends), sum(end - first[place] for place, end in ends.items()))
            if len(ends) == len(places) and all(at[place] >= end for place, end in ends.items()):
                return
    finally:
        await reader.stop()


async def _partitions(settings: Settings) -> dict[str, int]:
    client = admin(settings)
    await client.start()
    try:
        return await partition_counts(client)
    finally:
        await client.close()
