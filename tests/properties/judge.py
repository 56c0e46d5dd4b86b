"""A checked expression judged by walking its tree: the meaning of section 3, with nothing compiled."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from scoring.expressions import tree
from scoring.segments.model import Definitions, Tiers
from tests.properties.history import History, Value

COMPARE: dict[str, Callable] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
CALCULATE: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@dataclass
class View:
    """What a condition can see: a customer's history at an instant, and the memberships judged so far."""

    history: History
    now: int
    members: dict[str, bool] = field(default_factory=dict)
    tiers: dict[str, str | None] = field(default_factory=dict)
    known: dict[tuple[str, int | None], Value] = field(default_factory=dict)

    def value(self, name: str, window: int | None = None) -> Value:
        key = (name, window)
        if key not in self.known:
            self.known[key] = self.history.value(name, window, self.now)
        return self.known[key]


def number(node: tree.Number, view: View) -> Value:
    """The value of an operand; None is missing."""
    if isinstance(node, tree.Const):
        return node.value if isinstance(node.value, str | bool) else float(node.value)
    if isinstance(node, tree.Attr):
        return view.value(node.name, node.window)
    if isinstance(node, tree.TierOf):
        return view.tiers[node.group]
    if isinstance(node, tree.Neg):
        value = number(node.operand, view)
        return None if value is None else -value
    left, right = number(node.left, view), number(node.right, view)
    if left is None or right is None:
        return None
    if node.op == "/":
        return left / right if right else None
    return CALCULATE[node.op](left, right)


def holds(node: tree.Condition, view: View) -> bool:
    if isinstance(node, tree.And):
        return all(holds(part, view) for part in node.parts)
    if isinstance(node, tree.Or):
        return any(holds(part, view) for part in node.parts)
    if isinstance(node, tree.Not):
        return not holds(node.part, view)
    if isinstance(node, tree.Compare):
        left, right = number(node.left, view), number(node.right, view)
        return left is not None and right is not None and bool(COMPARE[node.op](left, right))
    if isinstance(node, tree.In):
        value = number(node.left, view)
        return value is not None and (value in node.values) != node.negated
    if isinstance(node, tree.IsNone):
        return (number(node.operand, view) is None) != node.negated
    if isinstance(node, tree.Flag):
        return bool(view.value(node.name))
    if isinstance(node, tree.InSegment):
        return view.members[node.name]
    return node.value


def conditions(definitions: Definitions) -> Iterator[tree.Condition]:
    for segment in definitions.segments:
        if isinstance(segment, Tiers):
            yield from segment.conditions
        else:
            yield segment.when
            if segment.exit_when is not None:
                yield segment.exit_when


def walk(node: object) -> Iterator[object]:
    """The node and everything below it."""
    yield node
    for name in ("parts", "part", "left", "right", "operand"):
        below = getattr(node, name, None)
        for child in below if isinstance(below, tuple) else (below,):
            if child is not None:
                yield from walk(child)


def references(nodes: list[tree.Condition]) -> set[str]:
    """Names of the segments and tier groups that these conditions refer to."""
    found = [below for node in nodes for below in walk(node)]
    return {n.name for n in found if isinstance(n, tree.InSegment)} | {n.group for n in found if isinstance(n, tree.TierOf)}
