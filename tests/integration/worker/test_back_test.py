"""A back-test tells what happens: the messages of `gedrag replay` on a file are those of a worker that was sent the file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from scoring.instants import rfc3339
from streams.cli.main import build
from streams.clock import now_ms
from streams.settings.model import SHIPPED
from tests.integration.worker.agreement import settled
from tests.integration.worker.recount import read_by, records
from tests.integration.worker.running import Process, Setup

pytestmark = pytest.mark.real_kafka

DAY = 86_400_000


def gedrag(*arguments: str) -> Result:
    result = CliRunner().invoke(build(), arguments)
    assert result.exit_code == 0, result.output
    return result


def by_id(lines: list[bytes]) -> dict[str, dict[str, Any]]:
    found = {}
    for line in lines:
        record = json.loads(line)
        record.pop("detected_at", None)
        assert record["message_id"] not in found, "a step is decided once"
        found[record["message_id"]] = record
    return found


def test_a_back_test_and_a_worker_decide_the_same(setup: Setup, worker: type[Process], tmp_path: Path) -> None:
    shop, out = str(tmp_path / "shop.ndjson"), tmp_path / "out.ndjson"
    end = now_ms() - 3_600_000
    gedrag("simulate", "--customers", "250", "--days", "4", "--seed", "11", "--start", str(end - 4 * DAY), "--out", shop)
    shipped = {name: str(SHIPPED / f"{name}.toml") for name in ("segments", "campaigns")}
    # First of all: sent to a worker at work, history would meet deadlines that have fired (docs/guarantees.md).
    gedrag("produce", shop, *(f"--set={name}={value}" for name, value in setup.settings(**shipped).items()))
    # What the catalogue said then must lie beside the events: the role tells it before they are applied.
    role = worker("role", options=("--role", "catalogue"), **shipped)
    asyncio.run(read_by(setup.address, f"{setup.names.app_id}-catalogue-news", [setup.names.catalog]))
    role.stop()
    worker(**shipped).ready()
    asyncio.run(settled(setup))
    told = asyncio.run(records(setup.address, setup.names.messages))

    gedrag("replay", shop, *(f"--{name}={path}" for name, path in shipped.items()), "--messages", str(out), "--until", str(end), "--json")
    tested = by_id(out.read_bytes().splitlines())
    happened = {name: record for name, record in by_id([each.value for each in told]).items() if record["at"] <= rfc3339(end)}
    assert happened == tested
    decisions = {(record["decision"], record["reason"]) for record in tested.values()}
    assert {("send", ""), ("suppressed", "no_address"), ("cancelled", "purchase")} <= decisions
