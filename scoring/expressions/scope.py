"""What an expression may name, and what was found while it is checked."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from scoring.expressions.problem import Problem
from scoring.expressions.source import Source


@dataclass(frozen=True, slots=True)
class Reference:
    """in_segment("name") or tier("name") in an expression: what it names, where it stands."""

    name: str
    start: int
    end: int


@dataclass(slots=True)
class Scope:
    source: Source
    segments: AbstractSet[str]
    tiers: Mapping[str, Sequence[str]]
    problems: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)

    def fault(self, node: ast.AST, message: str, hint: str = "") -> None:
        """Notes a fault at a node; the rest of the expression is still checked."""
        self.problems.append(Problem(*self.source.span(node), message, hint))
