"""How often a value was how large: two additions a value, no library."""

from __future__ import annotations

from bisect import bisect_left


class Histogram:
    """`buckets`: how many values were at most each of `bounds` and above the one before, last those above all; `sum` of all values."""

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.sum += value
