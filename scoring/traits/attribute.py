"""What a trait says of an attribute it offers to definitions: its meaning, and where the compiler finds it in the state.

Code fragments are Python expressions over `s` (the Customer), `now` (ms) and, in windowed ones, `{w}` (ms), `{grain}` (ms) and `{k}` (a
count); `{a}` is the text an attribute with an `argument` was given. They may call what the trait names in its `functions`. `rise` and
`fall` are effect bits (scoring/traits/effects.py): events that may make the value larger or smaller, or, of texts, another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scoring.expressions.tree import Kind

#: How time alone changes the value: not at all, in steps (to another value at an instant that is known), growing, or decaying.
Change = Literal["none", "steps", "grows", "decays"]


#: The `argument` of attributes that take the name of an [[occasion]].
OCCASION = "occasion"


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
    total: str = ""  # of steps: (value, instant of the next one); of windowed ones for a window
    timed_alone: bool = False  # windowed and in steps, also without a window: `total` is asked with `{w}` 0
    reach: str = ""  # windowed counts: the instant at which the value falls below {k}, 0 if it is below already
    crossing: str = ""  # of decaying ones: the first ms at which a value at or above (with {strict}: above) {t} now is so no more
    positive: str = ""  # of decaying ones: is the value more than nothing? halving never ends, though the double that holds it does
    zero: str = ""  # a quicker way to ask whether the value, never negative, is 0
    scale: int = 1  # what the stored number must be divided by
    fed_by: tuple[str, ...] = ()  # event types
    unit: str = ""  # of numbers, such as "%"; none: a count
    argument: str = ""  # what the text is that it must be given, such as "category": interest("shoes"); none: it takes none
    choices: tuple[str, ...] = ()  # the texts it can be given, where they are known
    values: tuple[str, ...] = ()  # the texts it can be, where they are known
    missing: bool = False  # `code` (and the value in `total`) may be None
    signed: bool = False  # may be negative; of growing ones: the instant it grows from may lie ahead
    calendar: bool = False  # depends on the file's calendar, which `code` and `total` find as `calendar`

    @property
    def moves(self) -> bool:
        """Whether its moment of change has a closed form only while it stands alone against constants."""
        return self.change in ("grows", "decays")
