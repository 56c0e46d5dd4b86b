"""The one module that reads the wall clock. Everything else asks `now_ms()`, so that one setting makes all of it go faster.

Speed 1 is the machine's own time. At speed s the clock stood right at `start` and runs s times as fast since:
`now = start + (wall - start) * s`. Processes that share both values share the clock; `environment()` hands them on.
"""

from __future__ import annotations

import os
import time

SPEED = "GEDRAG_CLOCK_SPEED"
START = "GEDRAG_CLOCK_START"

_speed = 1.0
_start = 0  # epoch ms


def now_ms() -> int:
    """Now, in epoch milliseconds of this clock."""
    wall = time.time_ns() // 1_000_000
    return wall if _speed == 1.0 else _start + int((wall - _start) * _speed)


def monotonic() -> float:
    """Seconds that never go back and never run faster: for timeouts, rates and back-off."""
    return time.monotonic()


def speed() -> float:
    return _speed


def set_speed(speed: float, start: int | None = None) -> None:
    """Run `speed` times as fast from `start` (epoch ms; default: this moment). ValueError unless 0 < speed <= 1,000,000."""
    global _speed, _start
    if not 0 < speed <= 1_000_000:
        raise ValueError(f"the clock's speed must be above 0 and at most 1,000,000, not {speed:g}")
    _speed, _start = float(speed), time.time_ns() // 1_000_000 if start is None else start


def environment() -> dict[str, str]:
    """The variables that give a child process this same clock."""
    return {} if _speed == 1.0 else {SPEED: repr(_speed), START: str(_start)}


def _from_environment() -> None:
    if given := os.environ.get(SPEED):
        try:
            set_speed(float(given), int(os.environ[START]) if START in os.environ else None)
        except ValueError as error:
            raise SystemExit(f"gedrag: {SPEED}={given!r}, {START}={os.environ.get(START)!r}: {error}") from None


_from_environment()
