"""What an expression may name, and what was found while it is checked."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from scoring.expressions.problem import Problem, suggest
from scoring.expressions.source import Source


@dataclass(frozen=True, slots=True)
class Reference:
    """in_segment("name") or tier("name") in an expression: what it names, where it stands."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Off:
    """What is switched off: families, and the segments and tiers that belong to them, each with its family."""

    families: AbstractSet[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Scope:
    source: Source
    segments: AbstractSet[str]
    tiers: Mapping[str, Sequence[str]]
    off: Off = Off()
    occasions: AbstractSet[str] | None = None  # None: not known here
    problems: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)

    def fault(self, node: ast.AST, message: str, hint: str = "") -> None:
        """Notes a fault at a node; the rest of the expression is still checked."""
        self.problems.append(Problem(*self.source.span(node), message, hint))

    def unknown_segment(self, node: ast.AST, name: str, what: str, known: Iterable[str]) -> None:
        """Notes that a name is no segment here; `what` is a segment, tiers."""
        if name in self.off.names:
            family = self.off.names[name]
            self.fault(node, f"`{name}` belongs to `{family}`, which this file switches off", "take it out of `off` in [families]")
        else:
            self.fault(node, f"unknown {what} `{name[:64]}`", suggest(name, known, what if what == "tiers" else "segments"))
