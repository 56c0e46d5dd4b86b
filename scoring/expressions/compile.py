"""From a checked tree to Python source (scoring/expressions/code.py): a predicate, and the same with the next moment of change.

Missing values follow SQL's WHERE: a comparison with one is false.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from scoring.expressions.code import Code, Layout, Value
from scoring.expressions.tree import (
    And,
    Attr,
    Compare,
    Condition,
    Const,
    Flag,
    InSegment,
    IsNone,
    Neg,
    Not,
    Number,
    Op,
    Or,
    Since,
    TierOf,
    Truth,
)
from scoring.series import grain_of
from scoring.traits.attribute import Attribute
from scoring.traits.catalog import CATALOG
from scoring.traits.effects import FIRST

#: The ordering operators: does a larger left side make it true?
_UPWARD = {"<": False, "<=": False, ">": True, ">=": True}
#: Comparisons with 0 that only ask whether something never negative is 0: are they true then?
_OF_ZERO = {"==": True, "<=": True, "!=": False, ">": False}
_CALL = re.compile(r"\w\(")
_TURNED: dict[str, Op] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class Compiler:
    """Compiles conditions against one layout and half-life."""

    def __init__(self, layout: Layout, half_life: float) -> None:
        self._layout = layout
        self._half_life = half_life
        self._fresh = 0

    # ---- values

    def value(self, node: Number) -> Value:
        if isinstance(node, Const):
            return Value(repr(node.value))
        if isinstance(node, Attr):
            return self._attribute(node)
        if isinstance(node, TierOf):
            tier = f"{self._layout.marks(node.group)}.get(s.members & {self._layout.bits(node.group)})"
            return Value(tier, missing=True, refs=frozenset((node.group,)))
        if isinstance(node, Since):
            origin = self._entered(node)
            return Value(f"((now - {origin}) if {origin} is not None else None)", missing=True, refs=frozenset((node.name,)))
        if isinstance(node, Neg):
            a = self.value(node.operand)
            expr = f"calculate(0, '-', {a.expr})" if a.missing else f"(-{a.expr})"
            return Value(expr, a.rise | a.fall, a.rise | a.fall, a.steps, a.missing, a.refs)
        a, b = self.value(node.left), self.value(node.right)
        effects = a.rise | a.fall | b.rise | b.fall
        missing = a.missing or b.missing or node.op == "/"
        if node.op == "/":
            expr = f"divide({a.expr}, {b.expr})"
        elif missing:
            expr = f"calculate({a.expr}, {node.op!r}, {b.expr})"
        else:
            expr = f"({a.expr} {node.op} {b.expr})"
        return Value(expr, effects, effects, a.steps + b.steps, missing, a.refs | b.refs)

    def _attribute(self, node: Attr) -> Value:
        a = CATALOG[node.name]
        if a.change == "grows":
            origin = self._now(a, node.argument)
            return Value(f"((now - {origin}) if {origin} is not None else None)", a.rise, a.fall, missing=True)
        if not _timed(a, node.window):
            return Value(self._now(a, node.argument), a.rise, a.fall, missing=a.missing)
        total = _fill(a.total, node.window or 0, argument=node.argument)
        expr = f"({total}[0] / {a.scale})" if a.scale != 1 else f"{total}[0]"
        return Value(expr, a.rise, a.fall, [total], a.missing)

    def _now(self, a: Attribute, argument: str | None) -> str:
        return a.code.replace("{h}", repr(self._half_life)).replace("{a}", repr(argument))

    def _entered(self, node: Since) -> str:
        return f"(entered_at(s, {self._layout.places[node.name]}) if s.members & {self._layout.bits(node.name)} else None)"

    # ---- conditions

    def condition(self, node: Condition) -> Code:
        if isinstance(node, Compare):
            return self._compare(node)
        if isinstance(node, And | Or):
            return self._join(isinstance(node, And), [self.condition(part) for part in node.parts])
        if isinstance(node, Not):
            return self._not(self.condition(node.part))
        if isinstance(node, Truth):
            return _flat(repr(node.value))
        if isinstance(node, InSegment):
            bit = self._layout.segments[node.name]
            return _flat(f"(s.members & {bit} != 0)", refs=frozenset((node.name,)))
        if isinstance(node, Flag):
            a = CATALOG[node.name]
            if not _timed(a, node.window):
                return _flat(self._now(a, node.argument), a.rise, a.fall)
            total = _fill(a.total, node.window or 0, argument=node.argument)
            return self._stepping(f"{total}[0]", Value("", steps=[total]), a.rise | a.fall, a.rise | a.fall)
        if isinstance(node, IsNone):
            return self._is_none(node)
        if isinstance(node.left, TierOf):
            return self._in_tier(node.left.group, node.values, node.negated)
        v = self.value(node.left)
        # a missing value is neither in nor not in
        expr = f"({v.expr} {'not in' if node.negated else 'in'} {(*node.values, None) if node.negated and v.missing else node.values!r})"
        return self._stepping(expr, v, v.rise | v.fall, v.rise | v.fall)

    def _in_tier(self, group: str, names: Sequence[object], negated: bool) -> Code:
        """Who is in no tier yet is neither in one of these nor in another."""
        mask = sum(bit for name, bit in self._layout.tiers[group].items() if (name in names) != negated)
        return _flat(f"(s.members & {mask} != 0)", refs=frozenset((group,)))

    def _not(self, code: Code) -> Code:
        def emit(v: str, u: str, indent: str) -> list[str]:
            return [*code.emit(v, u, indent), f"{indent}{v} = not {v}"]

        return Code(f"(not {code.expr})", emit, code.fall, code.rise, code.timed_fall, code.timed_rise, code.refs)

    def _join(self, conjunction: bool, codes: list[Code]) -> Code:
        def emit(v: str, u: str, indent: str) -> list[str]:
            lines = codes[0].emit(v, u, indent)
            for code in codes[1:]:
                # Once decided, what decides bounds the next change: a False in an `and`, until it turns.
                self._fresh += 1
                v2, u2 = f"v{self._fresh}", f"u{self._fresh}"
                lines.append(f"{indent}if {v}:" if conjunction else f"{indent}if not {v}:")
                lines += code.emit(v2, u2, indent + " ")
                lines.append(f"{indent} {v} = {v2}")
                decided = f"not {v2}" if conjunction else v2
                lines.append(f"{indent} if {decided} or {u2} < {u}: {u} = {u2}")
            return lines

        # First what, where it decides, time alone will not change, then what costs least: most of the others need no look.
        codes = sorted(codes, key=lambda code: (code.timed_rise if conjunction else code.timed_fall, len(_CALL.findall(code.expr))))
        rise = fall = 0
        for code in codes:
            rise |= code.rise
            fall |= code.fall
        return Code(
            "(" + (" and " if conjunction else " or ").join(code.expr for code in codes) + ")",
            emit,
            rise,
            fall,
            any(code.timed_rise for code in codes),
            any(code.timed_fall for code in codes),
            frozenset().union(*(code.refs for code in codes)),
            tuple(ripe for code in codes for ripe in code.ripens) if conjunction else (),
            () if conjunction else tuple(codes),
        )

    def _is_none(self, node: IsNone) -> Code:
        operand = node.operand
        if isinstance(operand, Attr) and (a := CATALOG[operand.name]).change == "grows":
            there, gone = a.rise | a.fall | FIRST, a.fall
            if node.negated:
                return _flat(f"({self._now(a, operand.argument)} is not None)", there, gone)
            return _flat(f"({self._now(a, operand.argument)} is None)", gone, there)
        if isinstance(operand, Since):
            inside = f"(s.members & {self._layout.bits(operand.name)} {'!=' if node.negated else '=='} 0)"
            return _flat(inside, refs=frozenset((operand.name,)))
        v = self.value(operand)
        if not v.missing:
            return _flat(repr(node.negated))
        return self._stepping(f"({v.expr} is {'not ' if node.negated else ''}None)", v, v.rise | v.fall, v.rise | v.fall)

    def _compare(self, node: Compare) -> Code:
        left, right, op = node.left, node.right, node.op
        if isinstance(left, Const):
            left, right, op = right, left, _TURNED[op]
        if isinstance(left, Attr) and isinstance(right, Const) and not isinstance(right.value, str):
            a = CATALOG[left.name]
            if a.change == "grows":
                return self._growing(self._now(a, left.argument), a.rise, a.fall, op, right.value, a.signed)
            if a.change == "decays":
                return self._decaying(a, left.argument, op, right.value)
            if left.window is not None and a.reach and op in _UPWARD:
                k = math.ceil(right.value) if op in (">=", "<") else math.floor(right.value) + 1
                if k > 0:
                    return self._counted(left, k, op)
            if left.window is not None and a.reach and right.value == 0 and op in _OF_ZERO:  # counts are never negative
                return self._counted(left, 1, "<" if _OF_ZERO[op] else ">=")
            if a.zero and right.value == 0 and op in _OF_ZERO:
                return _flat(f"({a.zero})" if _OF_ZERO[op] else f"(not ({a.zero}))", a.rise | a.fall, a.rise | a.fall)
        if isinstance(left, Since) and isinstance(right, Const) and not isinstance(right.value, str):
            code = self._growing(self._entered(left), 0, 0, op, right.value)
            code.refs = frozenset((left.name,))
            return code
        if isinstance(left, TierOf) and isinstance(right, Const):
            return self._in_tier(left.group, (right.value,), op == "!=")
        a_, b = self.value(left), self.value(right)
        # None equals no constant.
        plain = not (a_.missing or b.missing) or (op == "==" and isinstance(right, Const))
        expr = f"({a_.expr} {op} {b.expr})" if plain else f"compare({a_.expr}, {op!r}, {b.expr})"
        both = Value("", steps=a_.steps + b.steps, refs=a_.refs | b.refs)
        effects = a_.rise | a_.fall | b.rise | b.fall
        if isinstance(right, Const) and isinstance(left, Attr) and op in _UPWARD:
            rise, fall = (a_.rise, a_.fall) if _UPWARD[op] else (a_.fall, a_.rise)
            code = self._stepping(expr, both, rise, fall)
            a = CATALOG[left.name]
            if left.window is not None and not (a.fall or a.signed or a.missing or a.timed_alone):
                # A sum that no event takes from: a window can only lose as time passes.
                code.timed_rise, code.timed_fall = code.timed_rise and not _UPWARD[op], code.timed_fall and _UPWARD[op]
            return code
        return self._stepping(expr, both, effects, effects)

    def _stepping(self, expr: str, value: Value, rise: int, fall: int) -> Code:
        steps = value.steps

        def emit(v: str, u: str, indent: str) -> list[str]:
            if not steps:
                return [f"{indent}{v} = {expr}; {u} = NEVER"]
            lines, asked = [], expr
            names: list[str] = []
            for step in dict.fromkeys(steps):  # each is asked once, for its value and its instant
                self._fresh += 1
                names.append(f"t{self._fresh}")
                lines.append(f"{indent}{names[-1]} = {step}")
                asked = asked.replace(step, names[-1])
            instants = ", ".join(f"{name}[1]" for name in names)
            return [*lines, f"{indent}{v} = {asked}", f"{indent}{u} = {f'min({instants})' if len(names) > 1 else instants}"]

        timed = bool(steps)
        return Code(expr, emit, rise, fall, timed, timed, value.refs)

    def _counted(self, left: Attr, k: int, op: str) -> Code:
        """A windowed count against a constant: where a scan from the newest bucket reaches k is the exact moment of change."""
        a = CATALOG[left.name]
        assert left.window is not None
        reached = _fill(a.reach, left.window, k, left.argument)
        lifetime = self._now(a, left.argument)
        if k > 1 or not _CALL.search(lifetime):  # fewer in a lifetime than needed in the window: no scan
            reached = f"({reached} if {lifetime} >= {k} else 0)"
        positive = _UPWARD[op]
        sign = "!=" if positive else "=="

        def emit(v: str, u: str, indent: str) -> list[str]:
            return [f"{indent}{u} = {reached}", f"{indent}{v} = {u} {sign} 0", f"{indent}if not {u}: {u} = NEVER"]

        expr = f"({reached} {sign} 0)"
        if positive:
            return Code(expr, emit, a.rise, a.fall, False, True)
        return Code(expr, emit, a.fall, a.rise, True, False)

    def _growing(self, origin: str, rise: int, fall: int, op: str, constant: float, ahead: bool = False) -> Code:
        """`now - origin` against a constant: `>=` turns true at the first whole millisecond that reaches it.

        `ahead`: the origin may lie ahead of `now`.
        """
        after = math.ceil(constant) if op in (">=", "<") else math.floor(constant) + 1
        positive = _UPWARD[op]
        # Any event that moves the origin resets the value; the origin appearing can only make a comparison true that holds at age 0.
        everything = rise | fall
        self._fresh += 1
        x = f"x{self._fresh}"

        def emit(v: str, u: str, indent: str) -> list[str]:
            return [
                f"{indent}{v} = False; {u} = NEVER",
                f"{indent}{x} = {origin}",
                f"{indent}if {x} is not None:",
                f"{indent} {x} += {after}",
                f"{indent} if now >= {x}: {v} = {positive}",
                f"{indent} else: {v} = {not positive}; {u} = {x}",
            ]

        expr = f"({origin} is not None and now - {origin} {op} {constant!r})"
        if positive:
            ripens = ((origin, after),) if after > 0 and not ahead else ()
            return Code(expr, emit, rise if after > 0 else everything, everything, after > 0 or ahead, False, ripens=ripens)
        # younger again: only where the origin can also go missing (cart_idle) does an event make it false
        return Code(expr, emit, everything, everything if rise else 0, False, True)

    def _decaying(self, a: Attribute, argument: str | None, op: str, threshold: float) -> Code:
        positive, strict, effects = _UPWARD[op], op in (">", "<="), a.rise | a.fall
        above = f"({self._now(a, argument)} {'>' if strict else '>='} {threshold!r})"
        if threshold == 0 and strict:
            above = a.positive.replace("{a}", repr(argument))
        expr = above if positive else f"(not {above})"
        crossing = a.crossing.replace("{t}", repr(float(threshold))).replace("{strict}", repr(strict))
        crossing = crossing.replace("{h}", repr(self._half_life)).replace("{a}", repr(argument))

        def emit(v: str, u: str, indent: str) -> list[str]:
            return [f"{indent}{v} = {expr}", f"{indent}{u} = {crossing} if {'' if positive else 'not '}{v} else NEVER"]

        if positive:
            return Code(expr, emit, effects, a.fall, False, True)
        return Code(expr, emit, a.fall, effects, True, False)


def _timed(a: Attribute, window: int | None) -> bool:
    """Whether time alone changes the value, given what it is asked for."""
    return a.change == "steps" and (not a.windowed or a.timed_alone or window is not None)


def _flat(expr: str, rise: int = 0, fall: int = 0, refs: frozenset[str] = frozenset()) -> Code:
    def emit(v: str, u: str, indent: str) -> list[str]:
        return [f"{indent}{v} = {expr}; {u} = NEVER"]

    return Code(expr, emit, rise, fall, refs=refs)


def _fill(fragment: str, window: int, k: int = 0, argument: str | None = None) -> str:
    return fragment.format(w=window, grain=grain_of(window), k=k, a=repr(argument))
