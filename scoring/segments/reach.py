"""Whether a condition can be true where another was false: finds tiers that nobody can ever be in.

The proofs are simple and sound: what is claimed always holds; what is not seen is not claimed. Missing values make every
comparison false, which all rules below respect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoring.expressions.tree import And, Attr, Compare, Condition, Const, Flag, In, InSegment, IsNone, Not, Or, Truth
from scoring.traits.catalog import CATALOG


def always(condition: Condition) -> bool | None:
    """True or False where a condition is that for every customer at every instant, else None."""
    if isinstance(condition, Truth):
        return condition.value
    if isinstance(condition, Not):
        inner = always(condition.part)
        return None if inner is None else not inner
    if isinstance(condition, And):
        parts = [always(part) for part in condition.parts]
        if False in parts or _contradiction(condition):
            return False
        return True if all(part is True for part in parts) else None
    if isinstance(condition, Or):
        parts = [always(part) for part in condition.parts]
        if True in parts:
            return True
        return False if all(part is False for part in parts) else None
    if isinstance(condition, In) and not condition.values and not condition.negated:
        return False
    return _against_zero(condition)


def _against_zero(condition: Condition) -> bool | None:
    """Few attributes are ever negative, and few missing but those that grow."""
    if not (isinstance(condition, Compare) and isinstance(condition.left, Attr) and isinstance(condition.right, Const)):
        return None
    limit = condition.right.value
    attribute = CATALOG[condition.left.name]
    if attribute.signed or isinstance(limit, str):
        return None
    if condition.op in ("<", "<=", "=="):
        return False if limit < 0 or (limit == 0 and condition.op == "<") else None
    if attribute.change == "grows" or attribute.missing:
        return None
    return True if limit < 0 or (limit == 0 and condition.op == ">=") else None


def implies(first: Condition, second: Condition) -> bool:
    """Whether `second` is certainly true whenever `first` is."""
    if first == second or always(second) is True or always(first) is False:
        return True
    if isinstance(second, And):
        return all(implies(first, part) for part in second.parts)
    if isinstance(first, Or):
        return all(implies(part, second) for part in first.parts)
    if isinstance(second, Or) and any(implies(first, part) for part in second.parts):
        return True
    if isinstance(first, And):
        return any(implies(part, second) for part in first.parts)
    if isinstance(second, Not):
        return implies(second.part, first.part) if isinstance(first, Not) else excludes(first, second.part)
    if isinstance(first, Compare | In) and isinstance(second, IsNone):
        return second.negated and first.left == second.operand
    return _narrower(first, second)


def excludes(first: Condition, second: Condition) -> bool:
    """Whether the two are certainly never true together."""
    if isinstance(second, Not):
        return implies(first, second.part)
    if isinstance(first, Not):
        return implies(second, first.part)
    if isinstance(first, And):
        return any(excludes(part, second) for part in first.parts)
    if isinstance(second, And):
        return any(excludes(first, part) for part in second.parts)
    if isinstance(first, Flag | InSegment | Or) or isinstance(second, Flag | InSegment | Or):
        return False
    if isinstance(first, IsNone) and isinstance(second, IsNone):
        return first.operand == second.operand and first.negated != second.negated
    if isinstance(first, IsNone) != isinstance(second, IsNone):
        test, other = (first, second) if isinstance(first, IsNone) else (second, first)
        return isinstance(test, IsNone) and not test.negated and isinstance(other, Compare | In) and other.left == test.operand
    if _left(first) is None or _left(first) != _left(second):
        return False
    for listed, against in ((first, second), (second, first)):
        points = _points(listed)
        if points is not None:
            return not any(_holds(against, point) for point in points)
    return _disjoint(first, second)


def _contradiction(condition: And) -> bool:
    parts = condition.parts[:32]
    return any(excludes(one, other) for index, one in enumerate(parts) for other in parts[index + 1 :])


def _left(condition: Condition) -> object:
    return condition.left if isinstance(condition, Compare | In) else None


def _points(condition: Condition) -> tuple[Any, ...] | None:
    """The only values for which a comparison holds, where they can be listed."""
    if isinstance(condition, In) and not condition.negated:
        return condition.values
    if isinstance(condition, Compare) and condition.op == "==" and isinstance(condition.right, Const):
        return (condition.right.value,)
    return None


def _holds(condition: Condition, point: Any) -> bool:
    if isinstance(condition, In):
        return (point in condition.values) != condition.negated
    if isinstance(condition, Compare) and isinstance(condition.right, Const):
        return _APPLY[condition.op](point, condition.right.value)
    return True


def _narrower(first: Condition, second: Condition) -> bool:
    """`x >= 40` is narrower than `x >= 12`."""
    if _left(first) is None or _left(first) != _left(second):
        return False
    points = _points(first)
    if points is not None and (isinstance(second, In) or _bound(second) is not None):
        return all(_holds(second, point) for point in points)
    excluded = _excluded(second)
    if excluded is not None:
        mine = _excluded(first)
        return set(excluded) <= set(mine) if mine is not None else _bound(first) is not None and not any(_holds(first, x) for x in excluded)
    one, other = _bound(first), _bound(second)
    if one is None or other is None or one[0][0] != other[0][0] or one[0][0] not in "<>":
        return False
    (sign, limit), (wider, edge) = one, other
    outside = limit > edge if sign[0] == ">" else limit < edge
    return outside or (limit == edge and (sign == wider or len(sign) == 1))


def _excluded(condition: Condition) -> tuple[Any, ...] | None:
    """The values a comparison shuts out, where it allows all others."""
    if isinstance(condition, In) and condition.negated:
        return condition.values
    if isinstance(condition, Compare) and condition.op == "!=" and isinstance(condition.right, Const):
        return (condition.right.value,)
    return None


def _bound(condition: Condition) -> tuple[str, Any] | None:
    if isinstance(condition, Compare) and isinstance(condition.right, Const):
        return condition.op, condition.right.value
    return None


def _disjoint(first: Condition, second: Condition) -> bool:
    one, other = _bound(first), _bound(second)
    if one is None or other is None:
        return False
    if one[0][0] == "<" and other[0][0] == ">":
        one, other = other, one
    if not (one[0][0] == ">" and other[0][0] == "<"):
        return False
    return bool(one[1] > other[1] or (one[1] == other[1] and (len(one[0]) == 1 or len(other[0]) == 1)))


_APPLY: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
}
