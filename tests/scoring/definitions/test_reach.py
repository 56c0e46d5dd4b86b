"""What is said of conditions without looking at customers must be true of every customer."""

from __future__ import annotations

import operator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scoring.expressions.parse import parse
from scoring.expressions.tree import And, Compare, Condition, Const, Flag, In, IsNone, Not, Or, Truth
from scoring.segments.reach import always, excludes, implies
from tests.properties.profiles import searching

_OPS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
#: Half steps, so that every strict and loose bound at 0, 1 and 2 is told apart; None is missing.
CUSTOMERS: list[dict[str, Any]] = [
    {"spend": spend, "cart_idle": idle, "has_email": mail}
    for spend in (-0.5, 0, 0.5, 1, 1.5, 2, 2.5)
    for idle in (None, 0, 500, 1_000, 1_500, 2_000, 2_500)
    for mail in (False, True)
]

bounds = st.sampled_from(["0", "1", "2"])
atoms = st.one_of(
    st.builds("spend {} {}".format, st.sampled_from(list(_OPS)), bounds),
    st.builds("cart_idle {} seconds({})".format, st.sampled_from(["<", "<=", ">", ">="]), bounds),
    st.builds("spend {} [{}, {}]".format, st.sampled_from(["in", "not in"]), bounds, bounds),
    st.sampled_from(["has_email", "cart_idle is None", "cart_idle is not None", "True", "False"]),
)
texts = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=5,
)
conditions = texts.map(parse)


def holds(condition: Condition, customer: dict[str, Any]) -> bool:
    """The condition judged as the language says: a comparison with what is missing is false."""
    if isinstance(condition, And):
        return all(holds(part, customer) for part in condition.parts)
    if isinstance(condition, Or):
        return any(holds(part, customer) for part in condition.parts)
    if isinstance(condition, Not):
        return not holds(condition.part, customer)
    if isinstance(condition, Truth):
        return condition.value
    if isinstance(condition, Flag):
        return bool(customer[condition.name])
    if isinstance(condition, IsNone):
        return (customer[condition.operand.text] is None) != condition.negated
    assert isinstance(condition, Compare | In)
    value = customer[condition.left.text]
    if value is None:
        return False
    if isinstance(condition, In):
        return (value in condition.values) != condition.negated
    assert isinstance(condition.right, Const)
    return bool(_OPS[condition.op](value, condition.right.value))


@searching(400)
@given(conditions, conditions)
def test_what_is_said_to_follow_follows(first: Condition, second: Condition) -> None:
    if implies(first, second):
        assert all(holds(second, customer) for customer in CUSTOMERS if holds(first, customer))
    if excludes(first, second):
        assert not any(holds(first, customer) and holds(second, customer) for customer in CUSTOMERS)


@searching(400)
@given(conditions)
def test_what_is_said_to_be_always_so_is_always_so(condition: Condition) -> None:
    said = always(condition)
    if said is not None:
        assert all(holds(condition, customer) == said for customer in CUSTOMERS)


def test_a_single_bound_is_fully_understood() -> None:
    """Of two comparisons by order every implication that holds is seen, so no tier of that kind is missed."""
    pairs = [(op, bound) for op in ("<", "<=", ">", ">=") for bound in ("0", "1", "2")]
    for op, bound in pairs:
        for other, limit in pairs:
            first, second = parse(f"spend {op} {bound}"), parse(f"spend {other} {limit}")
            follows = all(holds(second, customer) for customer in CUSTOMERS if holds(first, customer))
            outermost = {op[0] + other[0]} & {"<<", ">>"}
            if outermost:
                assert implies(first, second) == follows, (first.text, second.text)
