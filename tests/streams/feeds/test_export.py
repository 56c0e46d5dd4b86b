"""Members of segments in files, as the live view has them at one instant."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from redis.asyncio import Redis
from typer.testing import CliRunner

from streams.cli.main import build
from streams.sinks.live_view import Change, LiveView
from streams.sinks.snapshot import snapshot
from tests.streams.feeds.conftest import SEGMENTS

AT = 1_772_359_200_000  # 2026-03-01T10:00:00Z


def changes(customers: int) -> list[Change]:
    """All are in cart_abandoned; every third is dormant, the others are regular."""
    found = []
    for n in range(customers):
        found.append(Change(2 * n, AT, f"c{n}", "entered", "cart_abandoned", "", AT + n))
        found.append(Change(2 * n + 1, AT, f"c{n}", "moved", "engagement", "regular" if n % 3 else "dormant", AT + n))
    return found


@pytest.fixture
async def shop(redis: Redis, redis_url: str, topic_prefix: str) -> Callable[..., Any]:
    """`gedrag export` on a view of 5,103 customers."""
    view = LiveView(redis, topic_prefix)
    for start in range(0, 10_206, 2000):
        await view.apply("t/0", changes(5_103)[start : start + 2000])

    def export(*words: str) -> Any:
        settings = [f"--set={each}" for each in (f"app_id={topic_prefix}", f"redis={redis_url}", f"segments={SEGMENTS}")]
        return CliRunner().invoke(build(), ["export", *words, *settings])

    return export


async def test_csv_to_standard_output(shop: Callable[..., Any]) -> None:
    result = await asyncio.to_thread(shop, "cart_abandoned")
    assert result.exit_code == 0 and "5,103 members of cart_abandoned" in result.stderr
    rows = list(csv.reader(io.StringIO(result.stdout)))
    assert rows[0] == ["customer_id", "since"] and rows[1] == ["c0", "2026-03-01T10:00:00.000Z"]
    assert [row[0] for row in rows[1:]] == [f"c{n}" for n in range(5_103)]


async def test_ndjson_and_parquet_to_files(shop: Callable[..., Any], tmp_path: Path, redis: Redis, topic_prefix: str) -> None:
    assert (await asyncio.to_thread(shop, "engagement.dormant", "--out", str(tmp_path / "d.ndjson"))).exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "d.ndjson").read_text().splitlines()]
    assert lines[1] == {"customer_id": "c3", "since": "2026-03-01T10:00:00.003Z"} and len(lines) == 1701
    assert (await asyncio.to_thread(shop, "engagement", "--out", str(tmp_path / "e.parquet"))).exit_code == 0
    rows = parquet.read_table(tmp_path / "e.parquet").to_pylist()
    assert len(rows) == 5_103 and {row["tier"] for row in rows} == {"regular", "dormant"}
    assert {"customer_id": "c3", "tier": "dormant", "since": datetime(2026, 3, 1, 10, 0, 0, 3000, tzinfo=UTC)} in rows
    assert [key async for key in redis.scan_iter(match=f"{topic_prefix}:export:*")] == [], "nothing is left in Redis"


async def test_what_changes_meanwhile_does_not_show(redis: Redis, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.sinks.snapshot.PAGE", 10)
    view = LiveView(redis, topic_prefix)
    await view.apply("t/0", changes(50))
    found: list[str] = []
    async with snapshot(redis, topic_prefix, ["cart_abandoned"]) as taken:
        async for page in taken.members("cart_abandoned"):
            found += [customer for customer, _ in page]
            offset = 1000 + 2 * len(found)
            await view.apply("t/0", [
                Change(offset, AT, found[-1], "exited", "cart_abandoned", "", AT + 99), Change(offset + 1, AT, f"new{offset}", "entered",
                "cart_abandoned", "", AT),
            ])  # fmt: skip
    assert found == [f"c{n}" for n in range(50)]


def test_wrong_use_says_what_would_be_right() -> None:
    result = CliRunner().invoke(build(), ["export", "cart_abandonned", f"--set=segments={SEGMENTS}"])
    assert result.exit_code == 2 and "did you mean `cart_abandoned`?" in result.stderr


async def test_where_it_can_not_be_written_is_named(shop: Callable[..., Any], tmp_path: Path) -> None:
    result = await asyncio.to_thread(shop, "cart_abandoned", "--out", str(tmp_path / "nowhere" / "c.csv"))
    assert result.exit_code == 2 and result.stderr.splitlines()[-1].endswith("nowhere/c.csv: No such file or directory")


def test_without_pyarrow_it_says_how_to_get_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pyarrow'] = None; from streams.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "cart_abandoned", "--format", "parquet", "--out", str(tmp_path / "f")],
        capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": str(SEGMENTS.parents[2])},
    )  # fmt: skip
    assert done.returncode == 2 and "pip install 'gedrag[parquet]'" in done.stderr and not (tmp_path / "f").exists()
