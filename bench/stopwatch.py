"""Where time goes inside running code: functions are wrapped from outside, so that what runs for others has no timers in it.

Time is counted where it is spent: what a wrapped function spends in another wrapped one is the other's. What the wrapping
itself costs is measured first and taken off. It is elapsed time, which is cheap to read; scale it to processor time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from time import perf_counter
from typing import Any


class Stopwatch:
    """`seconds` by phase, its own share only; None for one whose function was not found."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}
        self._calls: dict[str, int] = {}
        self._parents: dict[str, int] = {}
        self._inner = 0.0
        self._phase = ""
        self._within, self._around = _cost()

    def timed(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, counted as `phase`."""
        self._spent.setdefault(phase, 0.0)
        self._calls.setdefault(phase, 0)
        spent, calls, parents = self._spent, self._calls, self._parents

        @functools.wraps(function)
        def measured(*arguments: Any, **named: Any) -> Any:
            before, self._inner = self._inner, 0.0
            parent, self._phase = self._phase, phase
            began = perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                took = perf_counter() - began
                spent[phase] += took - self._inner
                calls[phase] += 1
                parents[parent] = parents.get(parent, 0) + 1
                self._inner = before + took
                self._phase = parent

        return measured

    def wrap(self, phase: str, holder: Any, name: str) -> None:
        """Counts calls of `holder.name` as `phase`; where there is no such thing (any more), the phase stays with its caller."""
        if hasattr(holder, name):
            setattr(holder, name, self.timed(phase, getattr(holder, name)))

    def seconds(self, phase: str) -> float | None:
        if phase not in self._spent:
            return None
        overhead = self._calls[phase] * self._within + self._parents.get(phase, 0) * self._around
        return max(0.0, self._spent[phase] - overhead)


def _cost() -> tuple[float, float]:
    """Seconds a call's wrapping adds to its own phase, and to its caller's."""
    watch = object.__new__(Stopwatch)
    watch._spent, watch._calls, watch._parents, watch._inner, watch._phase = {}, {}, {}, 0.0, ""
    nothing = watch.timed("inner", lambda: None)
    times = 100_000

    def bare(function: Callable[[], None] = lambda: None) -> None:
        for _ in range(times):
            function()

    began = perf_counter()
    bare()
    plain = (perf_counter() - began) / times
    watch.timed("outer", lambda: bare(nothing))()
    return max(0.0, watch._spent["inner"] / times - plain / 2), max(0.0, watch._spent["outer"] / times - plain / 2)
