"""More partitions than before: a customer's events would go elsewhere, so the worker stops, and says how to have more."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from streams.clock import now_ms
from tests.integration.worker.agreement import agrees, settled
from tests.integration.worker.recount import records
from tests.integration.worker.refusal import refusal
from tests.integration.worker.running import Process, Setup, workers
from tests.integration.worker.shop import PAGE_VIEWS, Feed, traffic

pytestmark = pytest.mark.real_kafka

EXAMPLE = Path(__file__).parents[3] / "examples" / "more_partitions.py"


async def widen(setup: Setup, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=setup.address)
    await admin.start()
    await admin.create_partitions({topic: NewPartitions(6)})
    await admin.close()


async def test_added_while_it_runs_and_then_refused_until_events_are_copied(setup: Setup, worker: type[Process]) -> None:
    running = await asyncio.to_thread(worker().ready)
    start = now_ms() - 30_000
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.backlog(traffic(21, 60, start, 20, 50))
    await settled(setup)

    await widen(setup, setup.names.inputs[PAGE_VIEWS])
    code, why = await asyncio.to_thread(refusal, running)
    assert code == 1
    assert setup.names.inputs[PAGE_VIEWS] + " has 6 partitions now, and had 4" in why and "another topic_prefix" in why
    assert running.text().count("partition taken over") == 4, "it read partitions of which it knows nothing"

    code, why = await asyncio.to_thread(refusal, worker("w2"))  # as a supervisor does
    assert code == 2
    assert "has 6" in why and "examples/more_partitions.py" in why and "another app_id" in why

    wide = dataclasses.replace(setup, prefix="wide." + setup.prefix, partitions=6)
    command = [sys.executable, str(EXAMPLE), setup.address, setup.prefix, wide.prefix, "6"]
    assert "events copied" in subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    with workers(wide) as make:
        again = await asyncio.to_thread(make("w3").ready, 6)
        await settled(wide)
        again.stop()
    assert len(await records(setup.address, wide.names.changes, 6)) > 20
    await agrees(wide, start + 20_000)
