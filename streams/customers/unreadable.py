"""A record of an input topic that the Kafka client itself cannot take apart, as one whose header has a name that is not UTF-8."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.clock import monotonic
from streams.kafka.errors import Fatal

#: Seconds to look for it, and milliseconds to wait for a partition's records.
_PATIENCE, _WAIT = 10.0, 200


async def culprit(consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], failure: Exception) -> Fatal:
    """The error in words. Reads on record by record to see where `failure` comes again: of no use to the consumer's owner any more."""
    until = monotonic() + _PATIENCE
    for tp in partitions:
        consumer.seek(tp, await consumer.position(tp))  # what was fetched is half consumed
        try:
            while (await consumer.getmany(tp, timeout_ms=_WAIT, max_records=1)) and monotonic() < until:
                pass
        except Exception as again:
            if type(again) is not type(failure):
                raise
            offset = await consumer.position(tp)
            return Fatal(
                f"the record at {tp.topic} partition {tp.partition} offset {offset} cannot be taken apart ({again}), so it cannot become a "
                f"dead letter either. To go on without it, delete it (kafka-delete-records, offset {offset + 1}) and start once with "
                "--accept-gap, which says how many records before it had not been read yet"
            )
    return Fatal(f"a record cannot be taken apart ({failure}), and not which one: look at what producers sent last")
