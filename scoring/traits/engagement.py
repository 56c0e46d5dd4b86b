"""Engagement: a sum of weights that halves every half-life, S(t) = sum of w_i * 2^(-(t - t_i) / h).

Keeps the sum as of the newest event. Adding in any order gives the same sum up to the last bits of a double. The sum is made with
the weights and half-life in force when each event came: changing them later re-weights nothing that has passed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scoring.events.schema import EmailEvent, Feedback
from scoring.segments.model import DEFAULT_WEIGHTS, Engagement
from scoring.state import NEVER, Customer
from scoring.traits.attribute import Attribute
from scoring.traits.effects import WARMTH

ATTRIBUTES = (
    Attribute("engagement", "number", "decays", "sum of weight x 2^(-age / half-life) over all events",
              "(s.warmth if now == s.warm_at else warmth_at(s, now, {h}))", WARMTH,  # right after an event, the commonest look: no call
              crossing="cooling(s, {t}, {strict}, {h})", positive="(s.warmth > 0)", unit="points", fed_by=tuple(DEFAULT_WEIGHTS)),
)  # fmt: skip


def warm(s: Customer, weight: float, ts: int, half_life: float) -> int:
    """Adds one event's weight; returns its effects."""
    age = ts - s.warm_at
    if age > 0:
        s.warmth = s.warmth * 2.0 ** (-age / half_life) + weight
        s.warm_at = ts
    elif age:
        s.warmth += weight * 2.0 ** (age / half_life)
    else:
        s.warmth += weight
    return WARMTH


def warmth_at(s: Customer, now: int, half_life: float) -> float:
    age = now - s.warm_at
    return s.warmth * 2.0 ** (-age / half_life) if age else s.warmth


def cooling(s: Customer, threshold: float, strict: bool, half_life: float) -> int:
    """The first whole millisecond at which `engagement >= threshold` (`>` if strict), true now, is false; NEVER if it stays true."""
    if threshold <= 0 or s.warmth <= 0:
        return NEVER
    start = s.warm_at
    # The logarithm can be a bit off: the answer is where the very comparison that decides membership turns.
    t = start + max(0, math.ceil(half_life * math.log2(s.warmth / threshold)))
    while t > start and not _above(s, t - 1, threshold, strict, half_life):
        t -= 1
    while _above(s, t, threshold, strict, half_life):
        t += 1
    return t


def _above(s: Customer, t: int, threshold: float, strict: bool, half_life: float) -> bool:
    value = warmth_at(s, t, half_life)
    return value > threshold if strict else value >= threshold


def email_folder(engagement: Engagement, lateness: int) -> Callable[[Customer, EmailEvent, int], int]:
    """The fold of what became of a mail: (state, event, ts) -> effects. An opening by a machine says nothing of the customer."""
    half_life, weights = engagement.half_life, engagement.weights

    def fold(s: Customer, e: EmailEvent, ts: int) -> int:
        weight = 0.0 if e.type == "opened" and e.machine else weights.get(e.event_type, 0.0)
        return warm(s, weight, ts, half_life) if weight else 0

    return fold


def feedback_folder(engagement: Engagement, lateness: int) -> Callable[[Customer, Feedback, int], int]:
    """The fold of feedback: (state, event, ts) -> effects."""
    half_life, weight = engagement.half_life, engagement.weights.get("feedback", 0.0)

    def fold(s: Customer, e: Feedback, ts: int) -> int:
        return warm(s, weight, ts, half_life) if weight else 0

    return fold
