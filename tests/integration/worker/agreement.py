"""Whether a worker told the same story as a recount of its input topics."""

from __future__ import annotations

import asyncio
from pathlib import Path

from streams.clock import now_ms
from tests.integration.worker.recount import applied, compare, delivered, expected
from tests.integration.worker.running import DEFINITIONS, GRACE, Setup, engine


async def settled(setup: Setup, timeout: float = 30.0) -> None:
    """Everything sent is applied, and what was due by now has fired."""
    await applied(setup.address, setup.names, setup.partitions, timeout)
    await asyncio.sleep(GRACE / 1000 + 0.7)


async def agrees(setup: Setup, end: int, lateness: int = 86_400_000, definitions: Path = DEFINITIONS) -> None:
    """What was delivered is what a recount of the topics gives: changes up to `end`, and states. AssertionError if not."""
    judge = engine(definitions, lateness)
    later = now_ms() + 60_000  # the worker's time went on after `end`; so far states are brought on both sides
    want = await expected(setup.address, setup.names, judge, later, setup.partitions)
    got = await delivered(setup.address, setup.names, judge, later, setup.partitions)
    compare(want.until(end), got.until(end))
