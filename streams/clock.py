"""The one module that reads the wall clock. Everything else asks `now_ms()`, so that one setting makes all of it go faster.

Speed 1 is the machine's own time. A faster clock showed `origin` when the machine's stood at `since`, and goes on from there:
`now = origin + (wall - since) * speed`. Processes that share the three values share the clock; `environment()` hands them on.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

SPEED, SINCE, ORIGIN = "GEDRAG_CLOCK_SPEED", "GEDRAG_CLOCK_SINCE", "GEDRAG_CLOCK_ORIGIN"
FASTEST = 1_000_000


class _Faster(NamedTuple):
    speed: float
    since: int  # epoch ms
    origin: int  # epoch ms


_faster: _Faster | None = None


def now_ms() -> int:
    """Now, in epoch milliseconds of this clock."""
    wall = time.time_ns() // 1_000_000
    return wall if _faster is None else _faster.origin + int((wall - _faster.since) * _faster.speed)


def monotonic() -> float:
    """Seconds that never go back and never run faster: for timeouts, rates and back-off."""
    return time.monotonic()


def speed() -> float:
    """Seconds of this clock in one of the machine's."""
    return 1.0 if _faster is None else _faster.speed


def set_speed(speed: float, origin: int | None = None, since: int | None = None) -> None:
    """Run `speed` times as fast from `origin` on; 1.0 and no `origin`: the machine's own time.

    `origin`, `since`: epoch ms, this moment by default. ValueError unless 0 < speed <= 1,000,000.
    """
    global _faster
    if not 0 < speed <= FASTEST:
        raise ValueError(f"the clock's speed must be above 0 and at most {FASTEST:,}, not {speed:g}")
    wall = time.time_ns() // 1_000_000
    since = wall if since is None else since
    _faster = None if speed == 1.0 and origin is None else _Faster(float(speed), since, since if origin is None else origin)


def environment() -> dict[str, str]:
    """The variables that give a child process this same clock."""
    return {} if _faster is None else {SPEED: repr(_faster.speed), SINCE: str(_faster.since), ORIGIN: str(_faster.origin)}


def _from_environment() -> None:
    speed, since, origin = (os.environ.get(name) for name in (SPEED, SINCE, ORIGIN))
    if speed is not None:
        try:
            set_speed(float(speed), None if origin is None else int(origin), None if since is None else int(since))
        except ValueError as error:
            raise SystemExit(f"gedrag: {SPEED}={speed!r}, {SINCE}={since!r}, {ORIGIN}={origin!r}: {error}") from None


_from_environment()
