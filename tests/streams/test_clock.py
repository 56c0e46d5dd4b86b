"""The clock: the machine's own time, or a faster one that processes share."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from streams import clock


@pytest.fixture(autouse=True)
def right_again() -> Iterator[None]:
    yield
    clock.set_speed(1.0)


def test_speed_one_is_the_machines_time() -> None:
    assert abs(clock.now_ms() - time.time() * 1000) < 1000
    assert clock.environment() == {}


def test_a_faster_clock_runs_from_what_it_showed() -> None:
    clock.set_speed(3600, origin=1_000_000, since=int(time.time() * 1000) - 2_000)
    assert 2_000 * 3600 <= clock.now_ms() - 1_000_000 < 3_000 * 3600
    clock.set_speed(3600)
    assert abs(clock.now_ms() - time.time() * 1000) < 3_600_000


def test_a_child_process_shares_it() -> None:
    clock.set_speed(1000, origin=1_767_571_200_000)
    before = clock.now_ms()
    child = subprocess.run(
        [sys.executable, "-c", "from streams import clock; print(clock.now_ms())"],
        env={**os.environ, **clock.environment()}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert before < int(child.stdout) < clock.now_ms()


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), 1_000_001.0])
def test_a_speed_that_makes_no_sense_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="the clock's speed must be above 0 and at most 1,000,000"):
        clock.set_speed(speed)


def test_a_wrong_variable_ends_the_program_with_its_name() -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import streams.clock"],
        env={**os.environ, clock.SPEED: "fast"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode != 0
    assert "GEDRAG_CLOCK_SPEED='fast'" in child.stderr
    assert "Traceback" not in child.stderr
