"""Comparisons: which values compare with which, and the links of a chain as tree nodes.

Every function returns None for what is faulty, after noting the fault in the scope.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from scoring.expressions import types
from scoring.expressions.problem import suggest
from scoring.expressions.scope import Scope
from scoring.expressions.tree import Attr, Compare, Condition, Const, In, IsNone, Number, Op, TierOf, Truth
from scoring.expressions.values import changing, constant, refuse, value
from scoring.traits.catalog import CATALOG

OPS: dict[type[ast.cmpop], Op] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_TURNED: dict[Op, Op] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_APPLY: dict[Op, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def compare(link: tuple[ast.expr, ast.cmpop, ast.expr], text: str, scope: Scope) -> Condition | None:
    """One link `left op right` of a comparison of values, by `< <= > >= == !=`."""
    left_node, op_node, right_node = link
    op = OPS[type(op_node)]
    for node, other in ((left_node, right_node), (right_node, left_node)):
        if isinstance(node, ast.Constant) and node.value is None:
            scope.fault(node, f"None is not compared by `{op}`", "write `is None`" if op == "==" else "write `is not None`")
            value(other, scope)
            return None
    left, right = value(left_node, scope), value(right_node, scope)
    if left is None or right is None:
        return None
    if left.kind != right.kind:
        _mismatch(left, right, (left_node, right_node), scope)
        return None
    if (changing(right) is not None and changing(left) is None) or (isinstance(left, Const) and not isinstance(right, Const)):
        left, right, op = right, left, _TURNED[op]
        left_node, right_node = right_node, left_node
    attribute = changing(left)
    if attribute is not None:
        if not isinstance(right, Const):
            scope.fault(
                right_node,
                f"`{attribute.name}` {attribute.change} as time passes and can only be compared with a constant",
                "such as " + ("hours(1) or days(7)" if attribute.kind == "duration" else "12 or 40"),
            )
            return None
        if op in ("==", "!="):
            scope.fault(
                left_node, f"`{attribute.name}` {attribute.change} as time passes and cannot be compared by `{op}`", "use < <= > or >="
            )
            return None
        return Compare(left, op, right, text)
    if left.kind == "string":
        return _strings(left, op, right, (left_node, right_node), text, scope)
    if isinstance(left, Const) and isinstance(right, Const):
        return Truth(_APPLY[op](left.value, right.value), text)
    return Compare(left, op, right, text)


def _mismatch(left: Number, right: Number, nodes: tuple[ast.expr, ast.expr], scope: Scope) -> None:
    kinds = {left.kind, right.kind}
    guilty, node = (left, nodes[0]) if isinstance(left, Const) and not isinstance(right, Const) else (right, nodes[1])
    other = right if guilty is left else left
    hint = ""
    if kinds == {"number", "duration"}:
        plain = isinstance(guilty, Const) and guilty.kind == "number" and len(guilty.text) < 12
        hint = "a duration is written " + (
            f"days({guilty.text}), hours({guilty.text}) and so on" if plain else "days(7), hours(1) and so on"
        )
        if isinstance(guilty, Const) and guilty.kind == "duration":
            hint = f"compare {other.text or 'it'} with a plain number"
    elif kinds == {"number", "string"} and isinstance(guilty, Const) and guilty.kind == "string":
        hint = "write numbers without quotes"
    elif isinstance(left, TierOf) or isinstance(right, TierOf):
        hint = "compare a tier with its name in quotes"
    scope.fault(node, f"{types.A_KIND[left.kind]} is compared with {types.A_KIND[right.kind]}: {types.describe(other)}", hint)


def _strings(left: Number, op: Op, right: Number, nodes: tuple[ast.expr, ast.expr], text: str, scope: Scope) -> Condition | None:
    if op not in ("==", "!="):
        scope.fault(nodes[0], "texts have no order", "compare them by == or !=, or use `in [...]`")
        return None
    if isinstance(left, Const) and isinstance(right, Const):
        return Truth(_APPLY[op](left.value, right.value), text)
    if isinstance(left, Const) or (isinstance(right, TierOf) and not isinstance(left, TierOf)):
        left, right, nodes = right, left, (nodes[1], nodes[0])
    if isinstance(left, TierOf) and not isinstance(right, Const):
        scope.fault(nodes[1], "a tier is compared with a name in quotes", 'such as tier("engagement") == "regular"')
        return None
    if isinstance(right, Const) and not _can_be(left, right, nodes[1], scope):
        return None
    return Compare(left, op, right, text)


def _can_be(left: Number, text: Const, node: ast.expr, scope: Scope) -> bool:
    """Whether a text is one that the left side can be at all."""
    if isinstance(left, TierOf):
        return _is_tier(text, left.group, node, scope)
    values = CATALOG[left.name].values if isinstance(left, Attr) else ()
    if not values or text.value in values:
        return True
    shown = str(text.value)
    scope.fault(node, f"{types.named(left)} is never `{shown[:64]}`", suggest(shown, values, "it can be"))
    return False


def _is_tier(name: Const, group: str, node: ast.expr, scope: Scope) -> bool:
    known = scope.tiers[group]
    if name.value in known:
        return True
    shown = str(name.value)
    scope.fault(node, f"`{shown[:64]}` is no tier of `{group}`", suggest(shown, known, f"tiers of {group}"))
    return False


def none_test(link: tuple[ast.expr, ast.cmpop, ast.expr], text: str, scope: Scope) -> Condition | None:
    """`left is None`, `left is not None`."""
    left_node, op_node, right_node = link
    negated = isinstance(op_node, ast.IsNot)
    word = "is not" if negated else "is"
    operand = value(left_node, scope)
    if not (isinstance(right_node, ast.Constant) and right_node.value is None):
        scope.fault(right_node, f"only None stands after `{word}`", f"write `{'!=' if negated else '=='}` to compare")
        return None
    if operand is None:
        return None
    if isinstance(operand, TierOf):
        scope.fault(left_node, "a tier is not asked for None", 'compare it with a name: tier("engagement") == "regular"')
        return None
    if isinstance(operand, Const) or operand.kind == "boolean":
        return Truth(negated, text)
    return IsNone(operand, negated, text)


def membership(link: tuple[ast.expr, ast.cmpop, ast.expr], text: str, scope: Scope) -> Condition | None:
    """`left in [...]`, `left not in [...]` of numbers, durations or tier names."""
    left_node, op_node, list_node = link
    negated = isinstance(op_node, ast.NotIn)
    left = value(left_node, scope)
    constants = literal_list(list_node, scope)
    if left is None or constants is None:
        return None
    attribute = changing(left)
    if attribute is not None:
        scope.fault(
            left_node, f"`{attribute.name}` {attribute.change} as time passes and cannot be looked up in a list", "use < <= > or >="
        )
        return None
    good = True
    for node, item in constants:
        if item.kind != left.kind:
            scope.fault(node, f"{types.A_KIND[left.kind]} is compared with {types.A_KIND[item.kind]}: {types.describe(left)}")
            good = False
        elif item.kind == "string" and not isinstance(left, Const):
            good &= _can_be(left, item, node, scope)
    if not good:
        return None
    values = tuple(item.value for _, item in constants)
    if isinstance(left, Const):
        return Truth((left.value in values) != negated, text)
    return In(left, values, negated, text)


def literal_list(node: ast.expr, scope: Scope) -> list[tuple[ast.expr, Const]] | None:
    """The constants of a literal list, each with its node."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        scope.fault(node, "only a literal list stands after `in`", "such as purchases in [1, 2, 3]")
        return None
    found = []
    good = True
    for item in node.elts:
        if isinstance(item, ast.Starred):
            refuse(item, scope)
            good = False
            continue
        element = constant(item, scope)
        if element is None:
            good = False
        else:
            found.append((item, element))
    return found if good else None
