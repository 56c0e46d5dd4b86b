"""The words of `reason`: which clauses decide, with their values.

A condition's leaves are what it reads: attributes, flags, memberships. `Reader` gives them a place in a list of values (taken from the
state at the instant of the change) and afterwards tells from such a list why the condition is true or false: all parts of a true
`and`, the false parts of a false one; the true parts of a true `or`, all of a false one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import ge, gt, le, lt
from typing import Any

from scoring.expressions.runtime import calculate, compare, divide
from scoring.expressions.tree import (
    And,
    Attr,
    Calc,
    Compare,
    Condition,
    Const,
    Flag,
    In,
    InSegment,
    IsNone,
    Neg,
    Not,
    Number,
    Or,
    Since,
    TierOf,
    Truth,
)

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}

Leaf = Attr | Flag | InSegment | Since | TierOf

#: From the values read: is it true, and in which words?
Judge = Callable[[Sequence[Any]], tuple[bool, str]]


def leaves(node: Condition | Number) -> Iterator[Leaf]:
    """What the condition reads, in order of appearance, repeats included."""
    if isinstance(node, Attr | Flag | InSegment | Since | TierOf):
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
        return leaf.text or leaf.name
    if isinstance(leaf, InSegment):
        return f"in_segment({leaf.name!r})"
    if isinstance(leaf, Since):
        return f"since_entered({leaf.name!r})"
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
        self._judges = {id(condition): self._judge(condition) for condition in conditions}  # hashing a tree takes longer than judging it
        self._keys = [(key(leaf), isinstance(leaf, Attr | Since) and leaf.kind == "duration") for leaf in self.leaves]

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

    def judge(self, condition: Condition) -> Judge:
        """Tells whether the condition, one of those given, is true, and why, e.g. `cart_items 2 > 0, cart_idle 1h >= 1h`."""
        return self._judges[id(condition)]

    def _judge(self, node: Condition) -> Judge:
        """Closures over the tree, made once: a reason is told for every change."""
        if isinstance(node, And | Or):
            return _join(isinstance(node, And), [self._judge(part) for part in node.parts])
        if isinstance(node, Not):
            part = self._judge(node.part)

            def turned(values: Sequence[Any]) -> tuple[bool, str]:
                truth, words = part(values)
                return not truth, words

            return turned
        if isinstance(node, Truth):
            fixed = (node.value, "always" if node.value else "never")
            return lambda values: fixed
        if isinstance(node, Flag | InSegment):
            name = key(node)
            place, yes, no = self._place[name], (True, name), (False, f"not {name}")
            return lambda values: yes if values[place] else no
        if isinstance(node, IsNone):
            return self._missing(node)
        if isinstance(node, In):
            return self._listed(node)
        return self._compared(node)

    def _missing(self, node: IsNone) -> Judge:
        read, say, gone = self._value(node.operand), self._words(node.operand), f"{node.operand.text} is missing"

        def judge(values: Sequence[Any]) -> tuple[bool, str]:
            value = read(values)
            return (value is None) != node.negated, gone if value is None else say(value)

        return judge

    def _listed(self, node: In) -> Judge:
        read, say, gone = self._value(node.left), self._words(node.left), f"{node.left.text} is missing"
        kind = node.left.kind
        listed = "[" + ", ".join(_word(value, kind) for value in node.values) + "]"

        def judge(values: Sequence[Any]) -> tuple[bool, str]:
            value = read(values)
            if value is None:
                return False, gone
            inside = value in node.values
            return inside != node.negated, f"{say(value)} {'in' if inside else 'not in'} {listed}"

        return judge

    def _compared(self, node: Compare) -> Judge:
        left, right, op = self._value(node.left), self._value(node.right), node.op
        say_left, say_right = self._words(node.left), self._words(node.right)
        yes, no = f" {op} ", f" is not {op} "
        if isinstance(node.left, Attr) and isinstance(node.right, Const) and node.right.kind != "duration" and op in _ORDERED:
            return self._compared_to(node.left, op, node.right)
        left_gone, right_gone = f"{node.left.text} is missing", f"{node.right.text} is missing"
        ordered = op in _ORDERED

        def judge(values: Sequence[Any]) -> tuple[bool, str]:
            a, b = left(values), right(values)
            if a is None or b is None:
                return False, left_gone if a is None else right_gone
            truth = compare(a, op, b)
            close = ordered and a != b and abs(a - b) <= 1e-5 * abs(b)  # rounded, they might read as equal
            return truth, say_left(a, close) + (yes if truth else no) + say_right(b, close)

        return judge

    def _compared_to(self, attribute: Attr, op: str, constant: Const) -> Judge:
        """A count or an amount against a number: the commonest comparison, without the detours of the others."""
        place, limit, holds, text = self._place[key(attribute)], constant.value, _ORDERED[op], f"{attribute.text} "
        gone = False, f"{attribute.text} is missing"
        assert not isinstance(limit, str)
        yes, no = (f"{words} {op} {_word(limit, constant.kind)}" for words in ("", " is not"))
        near = 1e-5 * abs(limit)

        def judge(values: Sequence[Any]) -> tuple[bool, str]:
            value = values[place]
            if value is None:
                return gone
            if value.__class__ is int:
                word = str(value)
            elif value != limit and abs(value - limit) <= near:  # rounded, they might read as equal
                word = f"{value:.12g}"
            else:
                word = f"{value:.6g}"
            return (True, text + word + yes) if holds(value, limit) else (False, text + word + no)

        return judge

    def _value(self, node: Number) -> Callable[[Sequence[Any]], Any]:
        if isinstance(node, Const):
            constant = node.value
            return lambda values: constant
        if isinstance(node, Attr | Since | TierOf):
            place = self._place[key(node)]
            return lambda values: values[place]
        if isinstance(node, Neg):
            operand = self._value(node.operand)
            return lambda values: calculate(0, "-", operand(values))
        a, b, op = self._value(node.left), self._value(node.right), node.op
        if op == "/":
            return lambda values: divide(a(values), b(values))
        return lambda values: calculate(a(values), op, b(values))

    def _words(self, node: Number) -> Callable[..., str]:
        if isinstance(node, Const):
            constant = _word(node.value, node.kind)
            return lambda value, exact=False: constant
        prefix, kind = f"{key(node) if isinstance(node, Since | TierOf) else node.text} ", node.kind
        return lambda value, exact=False: prefix + _word(value, kind, exact)


def _join(conjunction: bool, judges: list[Judge]) -> Judge:
    def judge(values: Sequence[Any]) -> tuple[bool, str]:
        judged = [each(values) for each in judges]
        truth = conjunction
        for each, _ in judged:
            if each is not conjunction:
                truth = not conjunction
                break
        return truth, ", ".join(dict.fromkeys([words for each, words in judged if each is truth]))

    return judge


def _word(value: Any, kind: str, exact: bool = False) -> str:
    if kind == "duration":
        return span(value, parts=5 if exact else 2)
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, float):
        return f"{value:.12g}" if exact else f"{value:.6g}"
    return str(value)


_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"))


def span(ms: float, parts: int = 2) -> str:
    """A duration for people: its largest units, `1h`, `2d 3h`, `1.5s`. Weeks only when whole."""
    sign, ms = ("-", -ms) if ms < 0 else ("", ms)
    if ms and ms % 604_800_000 == 0:
        return f"{sign}{ms // 604_800_000:g}w"
    words: list[str] = []
    for unit, letter in _UNITS:
        n, ms = divmod(ms, unit)
        if n:
            words.append(f"{n:g}{letter}")
        if len(words) == parts:
            break
    if len(words) < parts and (ms or not words):
        words.append(f"{ms / 1000:g}s")
    return sign + " ".join(words)
