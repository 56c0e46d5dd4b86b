"""What a compiled condition or value is: fragments of Python source, and what they depend on.

Generated code works on `s` (Customer) and `now` (ms). For every condition:
- `expr`: an expression, True or False;
- `emit(v, u, indent)`: statements that set `v` to the truth and `u` to a lower bound of the next instant at which time
  alone could change it (NEVER if none): the earliest crossing among the parts that decide;
- `rise`, `fall`: effect bits of events that may make it true, or false;
- `timed_rise`, `timed_fall`: whether time alone may;
- `refs`: the segments and tier groups it asks for;
- `ripens`: instants before which it cannot be true;
- `either`: of an `or`, its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Emit = Callable[[str, str, str], list[str]]


@dataclass(slots=True)
class Code:
    """A compiled condition; see the module."""

    expr: str
    emit: Emit
    rise: int = 0
    fall: int = 0
    timed_rise: bool = False
    timed_fall: bool = False
    refs: frozenset[str] = frozenset()
    #: (origin, ms): until that long after that instant it is false, and where there is no such instant.
    ripens: tuple[tuple[str, int], ...] = ()
    either: tuple[Code, ...] = ()

    def raised(self, effects: int) -> str:
        """An expression: is it true after an event with these effects, having been false before it?"""
        if not self.either:
            return self.expr if self.rise & effects else "False"
        asked = [part.raised(effects) for part in self.either if part.rise & effects]
        return f"({' or '.join(asked)})" if asked else "False"


@dataclass(slots=True)
class Value:
    """A compiled number, duration or string."""

    expr: str
    rise: int = 0
    fall: int = 0
    steps: list[str] = field(default_factory=list)  # (value, next step) expressions time alone changes it by
    missing: bool = False  # may be None
    refs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where memberships lie in the masks: the bit of a simple segment; a tier's bit by group and name; places in file order; the bit
    of who is in no tier of a group that is `of` some."""

    segments: Mapping[str, int]
    tiers: Mapping[str, Mapping[str, int]]
    places: Mapping[str, int] = field(default_factory=dict)
    nowhere: Mapping[str, int] = field(default_factory=dict)

    def marks(self, group: str) -> str:
        """In source: the names of a group's tiers by their bits. It is made once: dicts written out are made anew at every look."""
        return f"tiers_{self.places[group]}"

    def bits(self, name: str) -> int:
        """Of a segment, or of all tiers of a group."""
        return self.segments[name] if name in self.segments else sum(self.tiers[name].values())
