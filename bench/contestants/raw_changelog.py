"""The raw limit of a recovery: aiokafka reads a topic from its beginning to its end and does nothing with it.

    python -m bench.contestants.raw_changelog BROKER TOPIC

From before it connects to the last record in hand; prints one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.load import PARTITIONS


async def read(broker: str, topic: str) -> dict[str, float]:
    gc.disable()
    began, cpu, done = time.perf_counter(), time.process_time(), 0
    # As our worker reads it, but for what it does with the records.
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker, auto_offset_reset="earliest", max_partition_fetch_bytes=4 << 20, fetch_max_wait_ms=100
    )
    await consumer.start()
    tps = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    total = sum((await consumer.end_offsets(tps)).values())
    consumer.assign(tps)
    while done < total:
        for records in (await consumer.getmany(timeout_ms=200, max_records=10_000)).values():
            done += len(records)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await consumer.stop()
    return {"events": done, "seconds": seconds, "cpu": cpu}


if __name__ == "__main__":
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        print(json.dumps(runner.run(read(*sys.argv[1:]))))
