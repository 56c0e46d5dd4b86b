"""Waiting longer after each failure, with jitter so that many waiters don't come back at once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Seconds to wait: a random part of `first`, doubling up to `longest` (full jitter)."""

    first: float = 0.5
    longest: float = 60.0
    failures: int = field(default=0, init=False)

    def next(self) -> float:
        wait = min(self.longest, self.first * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return wait * random.uniform(0.0, 1.0)

    def reset(self) -> None:
        self.failures = 0
