"""Live load at an even pace, and how long its changes take to a consumer of `segment-changes`.

    python -m bench.live BROKER PREFIX CUSTOMERS RATE SECONDS SEED AHEAD

Every 10 ms the events of those 10 ms are made, with `ts` the moment they are made, and sent at once. A change caused by an event is late by
its arrival at the consumer less the event's `ts`; one caused by a deadline by its arrival less its `at`. Same machine, same clock, AHEAD ms
ahead. Run the worker with grace 0, or take its grace off. The first two seconds are not counted. Prints one JSON object, milliseconds.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
import time
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from bench.load import PARTITIONS, USED, Partitioner, Writer, key_of
from scoring.events.instants import epoch_ms
from streams.clock import now_ms, set_speed

TICK = 0.01
WARM_UP = 2.0
#: Seconds to wait for the last changes.
AFTER = 1.5


class _Event(msgspec.Struct):
    ts: str


class _Change(msgspec.Struct):
    at: str
    cause: str
    event: _Event | None = None


async def send(
    broker: str, prefix: str, customers: int, rate: int, seconds: float, seed: int, began: asyncio.Event
) -> tuple[int, int, float]:
    """Sends; how many, how many a second, and how far behind its own pace it was at the most, in ms."""
    producer = AIOKafkaProducer(bootstrap_servers=broker, acks=1, max_batch_size=1_000_000)
    await producer.start()
    r, writer, partition_of = random.Random(seed), Writer(seed), Partitioner(customers)
    for customer in range(min(customers, 2_000_000)):
        partition_of(customer)
    gc.disable()
    start, sent, behind = time.monotonic(), 0, 0.0
    began.set()
    waiting: set[asyncio.Task[None]] = set()
    while (elapsed := time.monotonic() - start) < seconds:
        due, ts = int(elapsed * rate), now_ms()
        batches: dict[tuple[int, int], Any] = {}
        while sent < due:
            rank, customer, value = writer.write(sent, int(r.random() * customers), ts)
            place = rank, partition_of(customer)
            if (batch := batches.get(place)) is None:
                batch = batches[place] = producer.create_batch()
            batch.append(timestamp=ts, key=key_of(customer), value=value)
            sent += 1
        for (rank, number), batch in batches.items():
            waiting.add(asyncio.create_task(_hand_over(producer, batch, prefix + USED[rank], number)))
        waiting = {task for task in waiting if not task.done() or task.result()}  # raises what one failed with
        ahead = start + (int(elapsed / TICK) + 1) * TICK - time.monotonic()
        behind = max(behind, -ahead * 1000)
        await asyncio.sleep(max(0.0, ahead))
    await asyncio.gather(*waiting)
    await producer.flush()
    took = time.monotonic() - start
    await producer.stop()
    return sent, round(sent / took), behind


async def _hand_over(producer: AIOKafkaProducer, batch: Any, topic: str, number: int) -> None:
    """However long the broker is busy: where many wait for the same partition, aiokafka gives up long before its time."""
    while True:
        try:
            await producer.send_batch(batch, topic, partition=number)
        except KafkaTimeoutError:
            continue
        return


async def receive(broker: str, prefix: str, since: asyncio.Event, found: dict[str, list[int]]) -> None:
    """Notes lateness by cause until cancelled."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="latest", fetch_max_wait_ms=20)
    await consumer.start()
    try:
        tps = [TopicPartition(prefix + "segment-changes", number) for number in range(PARTITIONS)]
        consumer.assign(tps)
        await consumer.seek_to_end(*tps)
        decode = msgspec.json.Decoder(_Change).decode
        await since.wait()
        counted_from = now_ms() + WARM_UP * 1000
        while True:
            fetched = await consumer.getmany(timeout_ms=50)
            now = now_ms()
            for records in fetched.values():
                for record in records:
                    change = decode(record.value)
                    made = epoch_ms(change.event.ts if change.event else change.at)
                    if made >= counted_from and change.cause in found:
                        found[change.cause].append(now - made)
    finally:
        await consumer.stop()


async def measure(broker: str, prefix: str, customers: int, rate: int, seconds: float, seed: int) -> dict[str, float | None]:
    found: dict[str, list[int]] = {"event": [], "deadline": []}
    began = asyncio.Event()
    receiving = asyncio.create_task(receive(broker, prefix, began, found))
    sent, pace, behind = await send(broker, prefix, customers, rate, seconds + WARM_UP, seed, began)
    await asyncio.sleep(AFTER)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    figures: dict[str, float | None] = {"sent": sent, "live_events_per_second": pace, "sender_behind_ms": round(behind, 1)}
    for cause, late in found.items():
        late.sort()
        for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            figures[f"{name}_{cause}_to_change_ms"] = late[min(len(late) - 1, int(len(late) * part))] if late else None
        figures[f"{cause}_changes"] = len(late)
    return figures


if __name__ == "__main__":
    broker, prefix, customers, rate, seconds, seed, ahead = sys.argv[1:]
    set_speed(1.0, now_ms() + int(ahead))
    print(json.dumps(asyncio.run(measure(broker, prefix, int(customers), int(rate), float(seconds), int(seed)))))
