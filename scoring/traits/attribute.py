"""What a trait says of an attribute it offers to definitions."""

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
    windowed: bool = False  # may be given a duration: purchases(days(90)); without it: lifetime (change "none")
    whole_days: bool = False  # the window must be days(n) with n whole (active_days)
    fed_by: tuple[str, ...] = ()  # event types
