"""A worker's life: a broker that is away, definitions that change, an end in order."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.clock import now_ms
from streams.embedded.process import free_port
from tests import parts
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.recount import applied, records
from tests.integration.worker.running import DEFINITIONS, Process, Setup, workers
from tests.integration.worker.shop import PAGE_VIEWS, PURCHASES, Feed, traffic

pytestmark = pytest.mark.real_kafka


@pytest.fixture
def alone(topic_prefix: str, tmp_path: Path) -> Iterator[tuple[Setup, type[Process]]]:
    """A setup whose broker is not there yet."""
    setup = Setup(f"localhost:{free_port()}", topic_prefix, tmp_path)
    with workers(setup) as make:
        yield setup, make


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


async def test_a_broker_that_is_away_is_waited_for(alone: tuple[Setup, type[Process]]) -> None:
    """At start, and for longer than the session in the middle of the work."""
    setup, worker = alone
    running = worker()
    await asyncio.to_thread(running.wait_for, "the broker is away, trying again", 2)
    port = int(setup.address.rpartition(":")[2])
    with parts.kafka_container(port, **parts.BRIEF):
        await asyncio.to_thread(running.ready)
        container = docker("ps", "--quiet", "--filter", f"publish={port}")
        async with Feed(setup.address, setup.prefix) as feed:
            start = now_ms()
            await feed.live(traffic(9, 200, start, 3, 500))
            # The last events are at the broker, their changes are not; deadlines fall due meanwhile.
            docker("pause", container)
            await asyncio.to_thread(running.wait_for, "the broker does not answer; waiting for it")
            await asyncio.sleep(3)
            docker("unpause", container)
            await asyncio.to_thread(running.wait_for, "the broker answers again")
            await feed.event(PAGE_VIEWS, "c1")
        await settled(setup)
        running.stop()
        await agrees(setup, start + 3_000)


async def test_it_can_be_stopped_while_it_waits_for_the_broker(alone: tuple[Setup, type[Process]]) -> None:
    running = alone[1]()
    await asyncio.to_thread(running.wait_for, "the broker is away")
    running.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_end_in_order_leaves_nothing_to_be_done_twice(setup: Setup, worker: type[Process], number: int) -> None:
    running = await asyncio.to_thread(worker().ready)
    start = now_ms()
    async with Feed(setup.address, setup.prefix) as feed:
        sending = asyncio.create_task(feed.live(traffic(11, 200, start, 2, 500)))
        await asyncio.sleep(1)
        running.signal(number)
        assert await asyncio.to_thread(running.wait) == 0
        assert '"stopped"' in running.text()
        await sending
    again = await asyncio.to_thread(worker().ready)
    await settled(setup)
    again.stop()
    told = [json.loads(record.value)["change_id"] for record in await records(setup.address, setup.names.changes)]
    assert len(told) == len(set(told)) > 100
    await agrees(setup, start + 2_000)


async def test_new_definitions_are_applied_to_everybody_once(setup: Setup, worker: type[Process]) -> None:
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.each(PURCHASES, 60, order_id="o{}", total=150)
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    changed = setup.folder / "changed.toml"
    text = DEFINITIONS.read_text().replace('"big_spender"', '"patron"')
    changed.write_text(text.replace("spend >= 100 and not in_segment('cart_abandoned')", "spend >= 120"))
    # The plug is pulled once while customers are taken over.
    doomed = worker(kill_at="changelog_acked:2", segments=str(changed))
    assert await asyncio.to_thread(doomed.wait) == -signal.SIGKILL
    again = worker(segments=str(changed))
    await asyncio.to_thread(again.ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.event(PAGE_VIEWS, "c0")
    await settled(setup)
    again.stop()
    told: dict[str, dict[str, object]] = {}
    for record in await records(setup.address, setup.names.changes):
        change = json.loads(record.value)
        if change["cause"] == "definition":
            known = told.setdefault(change["change_id"], change)
            assert {**known, "detected_at": None} == {**change, "detected_at": None}
    by_kind = sorted((change["segment"], change["kind"]) for change in told.values())
    assert by_kind == [("big_spender", "exited")] * 60 + [("patron", "entered")] * 60


async def test_an_empty_changelog_is_no_new_beginning(setup: Setup, worker: type[Process]) -> None:
    running = await asyncio.to_thread(worker().ready)
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.event(PAGE_VIEWS, "c1")
    await applied(setup.address, setup.names, setup.partitions)
    running.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.delete_topics([setup.names.changelog])
    await admin.close()
    await asyncio.sleep(0.5)
    again = worker()
    assert await asyncio.to_thread(again.wait) == 1
    assert "all customers are forgotten" in again.text()
