"""What is known of each product: in memory, and on a compacted topic of ours from which it is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog
from aiokafka import TopicPartition

from scoring.events.products import Known
from streams.kafka import clients
from streams.kafka.errors import Fatal
from streams.kafka.names import Names

if TYPE_CHECKING:
    from streams.settings import Settings

_RECORDS = 5_000

log = structlog.get_logger(__name__)


class Stock(msgspec.Struct, array_like=True, gc=False):
    """`offset`: of the record of `catalog` that `known` goes back to."""

    offset: int
    known: Known


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Stock).decode


def value(stock: Stock) -> bytes:
    return _encode(stock)


class Shelf:
    """By partition of `catalog`, some 200 bytes a product. Whoever gets a partition reads it back: another has had it meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = Names(settings.app_id, settings.topic_prefix).products
        self._known: dict[int, tuple[int, dict[bytes, Stock]]] = {}

    async def of(self, partition: int, generation: int) -> dict[bytes, Stock]:
        """By product; read back where the partition was assigned anew. Raises KafkaError, Fatal."""
        kept = self._known.get(partition)
        if kept is None or kept[0] != generation:
            kept = self._known[partition] = generation, await self._read_back(partition)
        return kept[1]

    def put(self, partition: int, product_id: bytes, stock: Stock) -> None:
        """What is on the topic by now."""
        self._known[partition][1][product_id] = stock

    async def _read_back(self, partition: int) -> dict[bytes, Stock]:
        found: dict[bytes, Stock] = {}
        reader = clients.consumer(self._settings, auto_offset_reset="earliest", fetch_max_wait_ms=100)
        await reader.start()
        try:
            tp = TopicPartition(self._topic, partition)
            reader.assign([tp])
            await reader.seek_to_beginning(tp)
            # The high watermark of a fetch is the end on every broker; the embedded one answers ListOffsets too low.
            end: int | None = None
            while end is None or await reader.position(tp) < end:
                for records in (await reader.getmany(timeout_ms=200, max_records=_RECORDS)).values():
                    for record in records:
                        try:
                            found[record.key] = _decode(record.value or b"")
                        except msgspec.DecodeError as error:
                            place = f"{self._topic} partition {partition} offset {record.offset}"
                            raise Fatal(
                                f"{place} cannot be read: {error}. Install the release that wrote it, or delete the topic"
                            ) from error
                if end is None:
                    end = reader.highwater(tp)
        finally:
            await reader.stop()
        log.info("products read back", partition=partition, products=len(found))
        return found
