"""A seeded dozen of faults, for every day; `make chaos` does some hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.chaos.containers import Surroundings
from tests.integration.chaos.plan import dozen
from tests.integration.chaos.report import progress
from tests.integration.chaos.rounds import play

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(300)]


async def test_a_dozen_faults(around: Surroundings, tmp_path: Path) -> None:
    round_ = dozen(7)
    tally, notes = await play(round_, around, tmp_path)
    told = "\n".join([progress(1, 1, round_, tally, 0.0), *notes, *tally.examples])
    assert tally.holds, told
    assert tally.killed >= 9, told
    assert tally.rebalances == 2 and tally.broker.total() == 1 and tally.outages.total() == 2, told
    assert tally.changes > 500 and tally.repeats > 0 and tally.naive_customers > 30, told
    assert tally.mails > 100 and tally.withheld.total() > 0, told
