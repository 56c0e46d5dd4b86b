"""The benchmark itself, at a size that means nothing: that it runs from end to end and says what it measured. Never how fast."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.broker import HOW
from bench.load import Load, events
from tests import parts

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]

MEASURED = (
    "events_per_second", "cpu_us_per_event", "changes_per_event", "ratio_to_plain_faust", "reference_events_per_second",
    "reference_ratio_to_plain_faust", "plain_faust_events_per_second", "raw_events_per_second", "customers", "bytes_per_customer",
    "changelog_bytes_per_customer", "recovery_seconds", "raw_read_seconds", "recovery_ratio", "recovery_records",
    "p99_event_to_change_ms", "many_cpu_us_per_event",
    "families_events_per_second", "families_ratio",
    "longest_pause_ms", "longest_recovery_pause_ms", "longest_live_pause_ms", "fetch_us", "decode_us",
    "state_decode_us", "fold_us", "evaluate_us", "encode_us", "render_us",
)  # fmt: skip
LEFT_OUT = ("two_workers_ratio", "growth_customers_ratio", "growth_segments_ratio", "acting_ratio")


def bench(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *options], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=240
    )


@pytest.mark.real_kafka
async def test_every_figure_is_in_the_table_and_in_the_last_line(kafka: parts.Kafka) -> None:
    done = await asyncio.to_thread(bench, "--tiny", BROKER=kafka.address)
    assert done.returncode == 0, done.stderr[-3000:]
    table, _, last = done.stdout.rstrip("\n").rpartition("\n")
    figures = json.loads(last)
    for name in MEASURED:
        assert isinstance(figures[name], int | float) and figures[name] > 0, (name, figures[name])
        assert f"{figures[name]:,}" in table, name
    assert figures["ratio_to_plain_faust"] == pytest.approx(
        figures["events_per_second"] / figures["plain_faust_events_per_second"], rel=0.01
    )
    assert {name: figures[name] for name in LEFT_OUT} == dict.fromkeys(LEFT_OUT)
    assert table.count("not measured") >= len(LEFT_OUT)


def test_without_kafka_the_engine_is_measured_and_the_rest_is_null() -> None:
    done = bench("--tiny", DOCKER_HOST="tcp://127.0.0.1:9", BROKER="")
    assert done.returncode == 1, done.stderr[-3000:]
    assert HOW in done.stderr
    figures = json.loads(done.stdout.rstrip("\n").rpartition("\n")[2])
    assert figures["events_per_second"] is None
    assert figures["bytes_per_customer"] is None
    assert "fold and evaluate us" in done.stdout


def test_the_traffic_is_what_it_is_said_to_be() -> None:
    load = Load("test", 20_000, 1_000)
    found = list(events(load, 1_767_225_600_000))
    sizes = [len(value) for _, _, value in found]
    assert 110 <= min(sizes) and max(sizes) <= 160
    share = [sum(rank == wanted for rank, _, _ in found) / len(found) for wanted in range(3)]
    assert share == pytest.approx([0.85, 0.12, 0.03], abs=0.01)
    assert len({customer for _, customer, _ in found}) == 1_000
    assert found == list(events(load, 1_767_225_600_000))
    assert json.loads(found[-1][2])["ts"] == "2025-12-31T23:59:59.500Z"
