"""What a trait says of an attribute it offers to definitions: its meaning, and where the compiler finds it in the state.

Code fragments are Python expressions over `s` (the Customer), `now` (ms) and, in windowed ones, `{w}` (ms), `{grain}`
(ms) and `{k}` (a count). `rise` and `fall` are effect bits (scoring/traits/effects.py): events that may make the value larger or smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scoring.expressions.tree import Kind

#: How time alone changes the value: not at all, in steps (down, or both ways for spend), growing, or decaying.
Change = Literal["none", "steps", "grows", "decays"]


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    kind: Kind
    change: Change
    meaning: str
    code: str  # the value now (lifetime value for windowed ones); for growing ones the instant it grows from, None = missing
    rise: int
    fall: int = 0
    windowed: bool = False  # may be given a duration: purchases(days(90)); without it: lifetime (change "none")
    whole_days: bool = False  # the window must be days(n) with n whole (active_days)
    total: str = ""  # windowed: (value, instant of the next step)
    reach: str = ""  # windowed counts: the instant at which the value falls below {k}, 0 if it is below already
    zero: str = ""  # a quicker way to ask whether the value, never negative, is 0
    scale: int = 1  # what the stored number must be divided by
    fed_by: tuple[str, ...] = ()  # event types
