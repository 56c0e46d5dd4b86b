"""The raw limit in Python: aiokafka's getmany over all topics, and with --job each event decoded and counted in a dict.

    python -m bench.contestants.raw BROKER PREFIX EVENTS [--job]

From the first records in hand to the last one done with; prints one JSON object.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.load import PARTITIONS, USED


class Row(msgspec.Struct, gc=False):
    """What the job needs of an event."""

    customer_id: str
    ts: str
    page_type: str | None = None
    action: str | None = None
    product_id: str | None = None
    order_id: str | None = None


async def read(broker: str, prefix: str, total: int, job: bool) -> dict[str, float]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", fetch_max_wait_ms=50, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([TopicPartition(prefix + topic, number) for topic in USED for number in range(PARTITIONS)])
    decode = msgspec.json.Decoder(Row).decode
    customers: dict[str, int] = {}
    gc.disable()
    done = first = 0
    began = cpu = 0.0
    while done < total:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=8000)).values():
            if not done:
                began, cpu, first = time.perf_counter(), time.process_time(), len(records)
            if job:
                for record in records:
                    row = decode(record.value)
                    customers[row.customer_id] = customers.get(row.customer_id, 0) + 1
            done += len(records)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    await consumer.stop()
    # What the first fetch brought was in hand before the watch was started.
    return {"events": done - first, "seconds": seconds, "cpu": cpu}


def main() -> None:
    broker, prefix, total, *rest = sys.argv[1:]
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        print(json.dumps(runner.run(read(broker, prefix, int(total), "--job" in rest))))


if __name__ == "__main__":
    main()
