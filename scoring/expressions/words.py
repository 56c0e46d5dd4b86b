"""The words of `reason`: which clauses decide, with their values.

A condition's leaves are what it reads: attributes, flags, memberships. `Reader` gives them a place in a list of values (taken from the
state at the instant of the change) and afterwards tells from such a list why the condition is true or false: all parts of a true
`and`, the false parts of a false one; the true parts of a true `or`, all of a false one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scoring.expressions.compile import calculate, compare, divide
from scoring.expressions.tree import And, Attr, Calc, Compare, Condition, Const, Flag, In, InSegment, IsNone, Neg, Not, Number, Or, TierOf, Truth

Leaf = Attr | Flag | InSegment | TierOf


def leaves(node: Condition | Number) -> Iterator[Leaf]:
    """What the condition reads, in order of appearance, repeats included."""
    if isinstance(node, Attr | Flag | InSegment | TierOf):
        yield node
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from leaves(part)
    elif isinstance(node, Not):
        yield from leaves(node.part)
    elif isinstance(node, Compare | Calc):
        yield from leaves(node.left)
        yield from leaves(node.right)
    elif isinstance(node, In):
        yield from leaves(node.left)
    elif isinstance(node, Neg | IsNone):
        yield from leaves(node.operand)


def key(leaf: Leaf) -> str:
    """The leaf's name in a change's `attributes`."""
    if isinstance(leaf, Attr):
        return leaf.text or leaf.name
    if isinstance(leaf, Flag):
        return leaf.name
    if isinstance(leaf, InSegment):
        return f"in_segment({leaf.name!r})"
    return f"tier({leaf.group!r})"


class Reader:
    """What some conditions read together, and the words for it."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.leaves: list[Leaf] = []
        self._place: dict[str, int] = {}
        for condition in conditions:
            for leaf in leaves(condition):
                if self._place.setdefault(key(leaf), len(self.leaves)) == len(self.leaves):
                    self.leaves.append(leaf)
        self._keys = [(key(leaf), isinstance(leaf, Attr) and leaf.kind == "duration") for leaf in self.leaves]

    def attributes(self, values: Sequence[Any]) -> dict[str, Any]:
        """By name: durations in seconds, whole numbers as such, missing as None."""
        out: dict[str, Any] = {}
        for (name, duration), value in zip(self._keys, values, strict=True):
            if duration:
                value = None if value is None else value / 1000
            elif value.__class__ is float and value.is_integer():
                value = int(value)
            out[name] = value
        return out

    def why(self, condition: Condition, values: Sequence[Any]) -> str:
        """Why the condition is what it is, e.g. `cart_items 2 > 0, cart_idle 1h >= 1h`."""
        return self._judge(condition, values)[1]

    def _judge(self, node: Condition, values: Sequence[Any]) -> tuple[bool, str]:
        if isinstance(node, And | Or):
            judged = [self._judge(part, values) for part in node.parts]
            conjunction = isinstance(node, And)
            truth = all(t for t, _ in judged) if conjunction else any(t for t, _ in judged)
            telling = [words for t, words in judged if t == truth]
            return truth, ", ".join(dict.fromkeys(telling))
        if isinstance(node, Not):
            truth, words = self._judge(node.part, values)
            return not truth, words
        if isinstance(node, Truth):
            return node.value, "always" if node.value else "never"
        if isinstance(node, Flag):
            truth = bool(values[self._place[node.name]])
            return truth, node.name if truth else f"not {node.name}"
        if isinstance(node, InSegment):
            name = key(node)
            truth = bool(values[self._place[name]])
            return truth, name if truth else f"not {name}"
        if isinstance(node, IsNone):
            value = self._value(node.operand, values)
            words = f"{node.operand.text} is missing" if value is None else self._words(node.operand, value)
            return (value is None) != node.negated, words
        left = self._value(node.left, values)
        if isinstance(node, In):
            truth = left is not None and (left in node.values) != node.negated
            listed = "[" + ", ".join(_word(v, "string" if isinstance(v, str) else "number") for v in node.values) + "]"
            stated = ("in " if truth != node.negated else "not in ") + listed
            return truth, f"{node.left.text} is missing" if left is None else f"{self._words(node.left, left)} {stated}"
        right = self._value(node.right, values)
        truth = compare(left, node.op, right)
        if left is None or right is None:
            return truth, f"{(node.left if left is None else node.right).text} is missing"
        return truth, f"{self._words(node.left, left)} {'' if truth else 'is not '}{node.op} {self._words(node.right, right)}"

    def _value(self, node: Number, values: Sequence[Any]) -> Any:
        if isinstance(node, Const):
            return node.value
        if isinstance(node, Attr | TierOf):
            return values[self._place[key(node)]]
        if isinstance(node, Neg):
            return calculate(0, "-", self._value(node.operand, values))
        a, b = self._value(node.left, values), self._value(node.right, values)
        return divide(a, b) if node.op == "/" else calculate(a, node.op, b)

    def _words(self, node: Number, value: Any) -> str:
        if isinstance(node, Const):
            return _word(value, node.kind)
        return f"{key(node) if isinstance(node, TierOf) else node.text} {_word(value, node.kind)}"


def _word(value: Any, kind: str) -> str:
    if kind == "duration":
        return span(value)
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


_UNITS = ((604_800_000, "w"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"))


def span(ms: float) -> str:
    """A duration for people: its two largest units, `1h`, `2d 3h`, `1.5s`. Weeks only when whole."""
    sign, ms = ("-", -ms) if ms < 0 else ("", ms)
    if ms and ms % 604_800_000 == 0:
        return f"{sign}{ms // 604_800_000:g}w"
    parts: list[str] = []
    for unit, letter in _UNITS[1:-1]:
        n, ms = divmod(ms, unit)
        if n:
            parts.append(f"{n:g}{letter}")
        if len(parts) == 2:
            break
    if len(parts) < 2 and (ms or not parts):
        parts.append(f"{ms / 1000:g}s")
    return sign + " ".join(parts)
