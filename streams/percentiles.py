"""Percentiles of customers, and how long they stay in a tier: measured on files, for thresholds that a definition file holds as constants.

A membership depends on its own customer alone (docs/decisions), so what "the top fifth" is must be measured first and written down.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scoring.events.instants import epoch_ms


def nearest_rank(values: Sequence[float], percent: float) -> float:
    """The smallest of the sorted values that at least so many percent are at or below: one that occurs. `values` is not empty."""
    return values[max(math.ceil(percent / 100 * len(values)), 1) - 1]


@dataclass(slots=True)
class Stays:
    """How long customers stayed in the tiers of a group (ms), for `Replay` to tell its changes to."""

    group: str
    over: dict[str, list[int]] = field(default_factory=dict)  # by tier, of those who moved on
    _since: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __call__(self, at: int, change: bytes) -> None:
        record: dict[str, Any] = json.loads(change)
        if record["segment"] != self.group or record["kind"] != "moved":
            return
        customer, at = record["customer_id"], epoch_ms(record["at"])
        if customer in self._since:
            tier, since = self._since.pop(customer)
            self.over.setdefault(tier, []).append(at - since)
        if record["to"] is not None:
            self._since[customer] = (record["to"], at)

    def still_there(self, tier: str) -> int:
        return sum(each == tier for each, _ in self._since.values())
