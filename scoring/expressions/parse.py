"""From the text of a condition to its checked tree.

The language is Python's expression syntax with the attributes of the catalogue. Everything else is refused, with the
place, and the whole expression is checked before it is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scoring.expressions import types
from scoring.expressions.comparisons import OPS, compare, literal_list, membership, none_test
from scoring.expressions.problem import Problem, Problems
from scoring.expressions.scope import Off, Reference, Scope
from scoring.expressions.source import DEEPEST, Source
from scoring.expressions.tree import And, Attr, Condition, Const, Flag, InSegment, Not, Number, Or, Truth
from scoring.expressions.values import only_argument, quoted, value
from scoring.traits.catalog import CATALOG

Link = tuple[ast.expr, ast.cmpop, ast.expr]


class Parsed(NamedTuple):
    condition: Condition
    references: list[Reference]


def parse(
    text: str,
    *,
    segments: AbstractSet[str] = frozenset(),
    tiers: Mapping[str, Sequence[str]] | None = None,
    occasions: Iterable[str] | None = None,
) -> Condition:
    """The checked tree of a condition. `segments`, `tiers` (by group) and `occasions` are the names it may refer to.

    Raises Problems, with every fault and its place in the text.
    """
    return parse_with_references(text, segments=segments, tiers=tiers, occasions=occasions).condition


def parse_value(text: str, occasions: Iterable[str] | None = None) -> Number:
    """The checked tree of a number or a duration that customers have, such as `spend(days(365))`. Raises Problems."""
    source = Source(text)
    _check_depth(source)
    scope = Scope(source, frozenset(), {}, Off(), None if occasions is None else frozenset(occasions))
    found = value(source.root, scope)
    if found is not None and (found.kind not in ("number", "duration") or isinstance(found, Const)):
        scope.fault(source.root, f"{types.A_KIND[found.kind]} is not measured", "a number or a duration: spend, since_last_purchase")
    if scope.problems or found is None:
        raise Problems(scope.problems)
    return found


def parse_with_references(
    text: str,
    *,
    segments: AbstractSet[str] = frozenset(),
    tiers: Mapping[str, Sequence[str]] | None = None,
    off: Off | None = None,
    occasions: Iterable[str] | None = None,
) -> Parsed:
    """As `parse`, with the segments and tiers that the condition refers to. It may read nothing that is `off`."""
    source = Source(text)
    _check_depth(source)
    scope = Scope(source, segments, tiers or {}, off or Off(), None if occasions is None else frozenset(occasions))
    found = _condition(source.root, scope)
    if scope.problems or found is None:
        raise Problems(scope.problems)
    return Parsed(found, scope.references)


def _check_depth(source: Source) -> None:
    level: list[ast.AST] = [source.root]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr | ast.keyword)]
        if not level:
            return
    raise Problems([Problem(*source.span(level[0]), "the expression is nested too deeply", f"at most {DEEPEST} levels")])


def _condition(node: ast.expr, scope: Scope) -> Condition | None:
    if isinstance(node, ast.BoolOp):
        parts = [_condition(part, scope) for part in node.values]
        good = tuple(part for part in parts if part is not None)
        if len(good) < len(parts):
            return None
        return (And if isinstance(node.op, ast.And) else Or)(good, scope.source.words(node))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        part = _condition(node.operand, scope)
        return None if part is None else Not(part, scope.source.words(node))
    if isinstance(node, ast.Compare):
        return _comparison(node, scope)
    if isinstance(node, ast.Call) and _called(node) == "in_segment":
        return _in_segment(node, scope)
    return _bare(node, scope)


def _bare(node: ast.expr, scope: Scope) -> Condition | None:
    """A boolean attribute or constant by itself; any other value is no condition."""
    found = value(node, scope)
    if found is None:
        return None
    text = scope.source.words(node)
    if found.kind == "boolean":
        return Truth(bool(found.value), text) if isinstance(found, Const) else _flag(found)
    if found.kind == "string":
        hint = 'compare it with a text in quotes: tier("engagement") == "regular"'
    elif found.kind == "duration":
        hint = "compare it with a duration: `since_last_visit >= hours(1)`"
    else:
        hint = f"compare it: `{text} > 0`" if len(text) < 60 else "compare it"
    scope.fault(node, f"{types.A_KIND[found.kind]} is no condition", hint)
    return None


def _flag(found: Number) -> Flag:
    assert isinstance(found, Attr), "only attributes and constants are true or false"
    return Flag(found.name, found.text, found.window, found.argument)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _in_segment(node: ast.Call, scope: Scope) -> Condition | None:
    argument = only_argument(node, "in_segment", scope)
    name = None if argument is None else quoted(argument, "in_segment", scope)
    if argument is None or name is None:
        return None
    if name in scope.segments:
        scope.references.append(Reference(name, *scope.source.span(argument)))
        return InSegment(name, scope.source.words(node))
    if name in scope.tiers:
        scope.fault(
            argument, f"`{name}` is a group of tiers, not a segment", f'write tier("{name}") == "{next(iter(scope.tiers[name]), "name")}"'
        )
    else:
        scope.unknown_segment(argument, name, "segment", scope.segments)
    return None


def _comparison(node: ast.Compare, scope: Scope) -> Condition | None:
    """A comparison; a chain becomes the conjunction of its links."""
    operands = [node.left, *node.comparators]
    links = list(zip(operands, node.ops, operands[1:], strict=False))
    text = scope.source.words(node)
    if len(links) == 1:
        return _link(links[0], text, scope)
    parts = []
    seen: set[Problem] = set(scope.problems)
    for link in links:
        left, op, right = link
        words = f"{scope.source.words(left)} {_WORDS[type(op)]} {scope.source.words(right)}"
        parts.append(_link(link, words, scope))
    # An operand in the middle is checked in two links; its faults are told once.
    scope.problems[:] = [p for p in scope.problems if p in seen] + list(dict.fromkeys(p for p in scope.problems if p not in seen))
    good = tuple(part for part in parts if part is not None)
    return And(good, text) if len(good) == len(parts) else None


_WORDS: dict[type[ast.cmpop], str] = {
    **OPS,
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


def _link(link: Link, text: str, scope: Scope) -> Condition | None:
    left, op, right = link
    conditions = [_is_condition(left), _is_condition(right)]
    if isinstance(op, ast.In | ast.NotIn):
        return _boolean_membership(link, text, scope) if conditions[0] else membership(link, text, scope)
    if isinstance(op, ast.Is | ast.IsNot):
        if conditions[0]:
            return _boolean_none_test(link, text, scope)
        return none_test(link, text, scope)
    if any(conditions):
        return _booleans(link, text, scope)
    return compare(link, text, scope)


def _is_condition(node: ast.expr) -> bool:
    """Whether an operand is true or false rather than a number, duration or text."""
    if isinstance(node, ast.BoolOp | ast.Compare):
        return True
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.Call):
        return _called(node) == "in_segment" or _is_boolean(_called(node))
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool)
    return isinstance(node, ast.Name) and _is_boolean(node.id)


def _is_boolean(name: str) -> bool:
    return name in CATALOG and CATALOG[name].kind == "boolean"


def _booleans(link: Link, text: str, scope: Scope) -> Condition | None:
    """`has_email == True`, `has_email != email_consent`: equality of conditions, said with and, or and not."""
    left_node, op, right_node = link
    for node, other in ((left_node, right_node), (right_node, left_node)):
        if not _is_condition(node):
            found = value(node, scope)
            _condition(other, scope)
            if found is not None:
                scope.fault(node, f"true or false is compared with {types.A_KIND[found.kind]}: {types.describe(found)}")
            return None
    if not isinstance(op, ast.Eq | ast.NotEq):
        scope.fault(left_node, "true and false have no order", "use the condition itself, or `not` before it")
        return None
    left, right = _condition(left_node, scope), _condition(right_node, scope)
    if left is None or right is None:
        return None
    same = isinstance(op, ast.Eq)
    for one, truth in ((left, right), (right, left)):
        if isinstance(truth, Truth):
            return _as_written(one, truth.value == same, text)
    if not (isinstance(left, Flag | InSegment) and isinstance(right, Flag | InSegment)):
        scope.fault(right_node, "conditions are not compared with each other", "say it with `and`, `or` and `not`")
        return None
    opposite = Not(right, f"not {right.text}")
    first, second = (right, opposite) if same else (opposite, right)
    return Or((And((left, first), text), And((Not(left, f"not {left.text}"), second), text)), text)


def _as_written(condition: Condition, wanted: bool, text: str) -> Condition:
    if isinstance(condition, Truth):
        return Truth(condition.value == wanted, text)
    return condition if wanted else Not(condition, text)


def _boolean_membership(link: Link, text: str, scope: Scope) -> Condition | None:
    left_node, op, list_node = link
    left = _condition(left_node, scope)
    constants = literal_list(list_node, scope)
    if left is None or constants is None:
        return None
    wrong = [(node, item) for node, item in constants if item.kind != "boolean"]
    for node, item in wrong:
        scope.fault(node, f"true or false is compared with {types.A_KIND[item.kind]}")
    if wrong:
        return None
    allowed = {item.value for _, item in constants}
    if len(allowed) != 1:
        return Truth((len(allowed) == 2) != isinstance(op, ast.NotIn), text)
    return _as_written(left, (True in allowed) != isinstance(op, ast.NotIn), text)


def _boolean_none_test(link: Link, text: str, scope: Scope) -> Condition | None:
    left_node, op, right_node = link
    negated = isinstance(op, ast.IsNot)
    if isinstance(right_node, ast.Constant) and right_node.value is None:
        return None if _condition(left_node, scope) is None else Truth(negated, text)
    _condition(left_node, scope)
    wanted = isinstance(right_node, ast.Constant) and isinstance(right_node.value, bool)
    hint = f"write `{'!=' if negated else '=='}` to compare" if not wanted else "use the condition itself, or `not` before it"
    scope.fault(right_node, f"only None stands after `{'is not' if negated else 'is'}`", hint)
    return None
