"""Where our worker's CPU goes: its own intake, alignment, evaluator and flusher, driven over records read before.

    python -m bench.split BROKER PREFIX EVENTS [SKIP [SETTING=VALUE …]]

The first SKIP records are put through unmeasured. Prints one JSON object: CPU seconds by phase, and the events they are for. Fetch and
produce are not in it: what the driver has no part in shows as the difference to the real worker (bench/README.md).
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.load import PARTITIONS, USED
from bench.stopwatch import Stopwatch
from scoring.events.decode import decoders
from scoring.events.schema import RANKS
from streams.customers.alignment import Alignment, share
from streams.customers.counters import Counters
from streams.customers.evaluate import Evaluator
from streams.customers.flush import Flusher, gathers
from streams.customers.intake import Intake
from streams.customers.migration import Migration
from streams.customers.partition import Delivered, Partition
from streams.customers.timers import Wheel
from streams.customers.watermark import Watermark
from streams.deadletters import Limit
from streams.kafka.names import Names
from streams.settings import Settings
from streams.worker import load_engine

#: Functions by phase: (module, class or "", name). `engine` is the engine in use.
PHASES = (
    ("state_decode", "streams.customers.evaluate", "", "opened"),
    ("encode", "streams.customers.draft", "", "encode"),
    ("batches", "streams.customers.draft", "Batches", "add"),
    ("merge", "streams.customers.alignment", "Alignment", "_up_to"),
    ("decode", "streams.customers.intake", "Intake", "feed"),
    ("deadlines", "streams.customers.timers", "Wheel", "take"),
)
#: Records of a topic handed over at once, about what a fetch of 1 MB brings with all topics in turn.
CHUNK = 1_500


async def read(broker: str, prefix: str) -> list[list[list[Any]]]:
    """All records, by partition and rank."""
    found: list[list[list[Any]]] = [[[] for _ in range(RANKS)] for _ in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        places = {TopicPartition(prefix + topic, n): (n, rank) for rank, topic in enumerate(USED) for n in range(PARTITIONS)}
        ends = await consumer.end_offsets(list(places))
        consumer.assign(list(places))
        left = sum(ends.values())
        while left > 0:
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                number, rank = places[tp]
                found[number][rank] += records
                left -= len(records)
    finally:
        await consumer.stop()
    return found


class Drive:
    """A worker's inner half with all partitions. Nothing leaves it: every flush counts as delivered."""

    def __init__(self, broker: str, prefix: str, chosen: dict[str, str]) -> None:
        settings = Settings.load(overrides={"broker": broker, "topic_prefix": prefix, **chosen})
        self.engine = load_engine(settings)
        self.counters = Counters()
        names = Names("bench", prefix)
        producer = AIOKafkaProducer(bootstrap_servers=broker, max_batch_size=1_000_000)
        evaluator = Evaluator(self.engine, names.inputs, self.counters)
        self.flusher = Flusher(self.engine, evaluator, Migration(self.engine), names, self.counters, producer.create_batch)
        self.intake = Intake(decoders(whole=self.engine.whole), Limit(0), self.counters, lambda: int(time.time() * 1000))
        self.partitions = []
        for number in range(PARTITIONS):
            partition = Partition(number, ready=True, epoch=1)
            partition.alignment, partition.watermark, partition.wheel = Alignment([0] * RANKS), Watermark(0), Wheel(0)
            partition.delivered = Delivered(0, 0, [0] * RANKS)
            partition.alignment.capacity = share(PARTITIONS)
            self.partitions.append(partition)

    def put_through(self, records: list[list[list[Any]]], until: int) -> None:
        """Turns as the worker's until `until` events are applied."""
        now = int(time.time() * 1000)
        while self.counters.events < until:
            for partition, topics in zip(self.partitions, records, strict=True):
                for rank, theirs in enumerate(topics):
                    at = partition.alignment.position[rank]
                    if at < len(theirs) and partition.alignment.room(rank):
                        self.intake.feed(partition, rank, theirs[at : at + CHUNK])
                    partition.watermark.seen(rank, len(theirs), now)
                clock = time.monotonic()
                if not gathers(partition, clock) and (flush := self.flusher.flush(partition, clock, now)) is not None:
                    partition.delivered = flush.delivered


def install(watch: Stopwatch, drive: Drive) -> None:
    """Wraps what the phases are made of."""
    for phase, module, owner, name in PHASES:
        holder: Any = importlib.import_module(module)
        watch.wrap(phase, getattr(holder, owner, None) if owner else holder, name)
    engine: Any = drive.engine
    watch.wrap("evaluate", engine, "event")  # less its folds
    if hasattr(engine, "_folds"):
        engine._folds = tuple(watch.timed("fold", fold) for fold in engine._folds)
    watch.wrap("deadlines", engine, "until")
    watch.wrap("render", engine, "render")
    watch.wrap("flush", drive.flusher, "flush")


def main() -> None:
    broker, prefix, events, *rest = sys.argv[1:]
    skip = int(rest[0]) if rest else 0
    chosen = dict(each.split("=", 1) for each in rest[1:])
    records = asyncio.run(read(broker, prefix))
    total = min(skip + int(events), sum(len(theirs) for topics in records for theirs in topics))

    async def drive_all() -> dict[str, Any]:
        drive = Drive(broker, prefix, chosen)  # a producer wants a running loop; it never connects
        drive.put_through(records, skip)
        watch = Stopwatch()
        install(watch, drive)
        before = drive.counters.events
        gc.collect()
        gc.freeze()
        gc.disable()
        began, cpu = time.perf_counter(), time.process_time()
        drive.put_through(records, total)
        elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu
        phases = ("decode", "merge", "state_decode", "fold", "evaluate", "deadlines", "encode", "render", "batches", "flush")
        spent = {phase: watch.seconds(phase) for phase in phases}
        return {
            "events": drive.counters.events - before,
            "phases": {phase: None if found is None else found * cpu / elapsed for phase, found in spent.items()},
        }

    print(json.dumps(asyncio.run(drive_all())))


if __name__ == "__main__":
    main()
