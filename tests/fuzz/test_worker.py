"""Broken records through a real worker: each is counted, kept, and nobody else is harmed."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from importlib import resources
from itertools import chain
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from scoring.events.schema import TOPICS
from streams.clock import now_ms
from streams.embedded.process import free_port
from tests.fuzz.corpus import corpus
from tests.fuzz.judging import can_be_read_again, carries_its_input
from tests.fuzz.mutator import Input, Mutator
from tests.integration.worker.agreement import settled
from tests.integration.worker.recount import compare, counted, delivered, records
from tests.integration.worker.running import Process, Setup, engine
from tests.integration.worker.shop import Feed, traffic
from tests.properties.profiles import LONG

pytestmark = pytest.mark.real_kafka

INPUTS = 250_000 if LONG else 8_000
#: Milliseconds from one input to the next.
STEP = 2_000
DEFINITIONS = Path(str(resources.files("streams") / "defaults" / "segments.toml"))
#: KiB: what the worker may have needed at most.
MEMORY = 500_000


def inputs(start: int) -> Iterator[Input]:
    """Broken and right ones, and between them those of customers c0, c1, … whom nobody damages, in order of their timestamps."""
    mutator = Mutator(8, corpus())
    good = ((sent, Input(sent.rank, sent.key, sent.value, sent.ts, ())) for sent in traffic(9, 50, start, INPUTS * STEP / 1000, 1 / 30))
    _, waiting = next(good)
    for number in range(INPUTS):
        ts = start + number * STEP
        while waiting.timestamp <= ts:
            yield waiting
            _, waiting = next(good, (None, Input(0, None, None, 1 << 62, ())))
        yield mutator.record(ts)


async def send(setup: Setup, found: Iterator[Input]) -> int:
    """All of them, each where its key belongs; returns how many."""
    feed, count = Feed(setup.address, setup.prefix, setup.partitions), 0
    producer = AIOKafkaProducer(bootstrap_servers=setup.address, linger_ms=5, max_batch_size=200_000)
    await producer.start()
    try:
        for each in found:
            number = count % setup.partitions if each.key is None else feed.partition(each.key)
            await producer.send(setup.prefix + TOPICS[each.rank], each.value, each.key, number, each.timestamp, list(each.headers))
            count += 1
        await producer.flush()
    finally:
        await producer.stop()
    return count


def most_memory(process: Process) -> int:
    """KiB."""
    return int(Path(f"/proc/{process.process.pid}/status").read_text().partition("VmHWM:")[2].split()[0])


def health(web: str) -> dict[str, int]:
    with urllib.request.urlopen(f"http://{web}/health", timeout=10) as answer:
        return dict(json.load(answer))


@pytest.mark.timeout(600)
async def test_every_input_is_applied_or_a_repeat_or_a_dead_letter(setup: Setup, worker: type[Process]) -> None:
    (await asyncio.to_thread(worker(segments=str(DEFINITIONS)).ready)).stop()
    start = now_ms() - INPUTS * STEP - 60_000
    sent = await send(setup, inputs(start))
    web = f"127.0.0.1:{free_port()}"

    running = worker(segments=str(DEFINITIONS), dead_letter_limit="0", web=web)
    await asyncio.to_thread(running.ready)
    await settled(setup, 300 if LONG else 180)

    counters, memory = health(web), most_memory(running)
    running.stop()
    letters = await records(setup.address, setup.names.dead_letters)
    made_of_them = counters["events"] + counters["repeats"] + counters["dead_letters"], counters["dead_letters"]
    # What was read and not yet written when the group gave a partition away and back is read once more, and counts again; below, its
    # outcome is looked at whatever the counters say.
    if running.text().count("partition taken over") == setup.partitions:
        assert made_of_them == (sent, len(letters)) and counters["replayed"] == 0, f"{counters}\n{running.text()}"
    else:
        assert made_of_them >= (sent, len(letters)), f"{counters}\n{running.text()}"
    # Repeats need something to repeat: of few inputs they are a smaller part.
    assert min(counters["events"], counters["repeats"], len(letters), 50 * counters["fired"]) > INPUTS / 25, counters
    assert memory < MEMORY

    topics = await asyncio.gather(*(records(setup.address, topic) for topic in setup.names.inputs))
    came = {
        (record.topic, record.partition, record.offset): Input(rank, record.key, record.value, record.timestamp, record.headers)
        for rank, found in enumerate(topics)
        for record in found
    }
    assert len(came) == sent
    places = {carries_its_input(letter.key, letter.value, letter.headers, came) for letter in letters}
    assert len(places) == len(letters), "an input is a dead letter twice"
    for record in await records(setup.address, setup.names.changelog):
        can_be_read_again(record.key, record.value)

    judge, later = engine(DEFINITIONS), now_ms() + 60_000
    end = max(record.timestamp for record in chain(*topics))
    of_the_good = [[record for record in found if (record.key or b"").startswith(b"c")] for found in topics]
    want = counted(of_the_good, setup.names, judge, later)
    got = await delivered(setup.address, setup.names, judge, later)
    assert len(want.states) == 50
    compare(want.until(end), got.until(end).of(want.states))
    told = f"{counters['events']:,} applied, {counters['repeats']:,} repeats, {len(letters):,} dead letters"
    print(f"{sent:,} inputs: {told}; {counters['customers']:,} customers, {memory:,} KiB at most")
