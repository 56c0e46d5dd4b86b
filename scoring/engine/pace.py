"""How soon time alone can usually turn a segment: within hours, within the week, or later.

Deadlines come often, minutes and hours after a visit, and most segments are about days or months. The next instants of those are kept apart
(`Customer.soon` and `later`), so that a deadline before them leaves them alone. Which pace a segment has is a matter of speed only: all
three instants are lower bounds.
"""

from __future__ import annotations

from collections.abc import Iterator

from scoring.engine.steps import Compiled
from scoring.expressions.tree import And, Attr, Calc, Compare, Condition, Const, Flag, In, IsNone, Neg, Not, Number, Or, Since
from scoring.segments.model import Segment
from scoring.state import DAY
from scoring.traits.catalog import CATALOG

HOURS, DAYS, WEEKS = range(3)
#: The shortest spans of the paces, ms.
_DAYS_FROM, _WEEKS_FROM = DAY, 8 * DAY


def pace(each: Compiled) -> int:
    """By the shortest span in its conditions. Where it only follows another segment, it is looked at with that."""
    definition = each.definition
    if isinstance(definition, Segment):
        conditions: list[Condition | None] = [definition.when, definition.exit_when]
    else:
        conditions = [*definition.conditions]
    spans = [span for condition in conditions if condition is not None for span in _spans(condition)]
    shortest = min(spans, default=_WEEKS_FROM)
    return WEEKS if shortest >= _WEEKS_FROM else DAYS if shortest >= _DAYS_FROM else HOURS


def _spans(node: Condition | Number) -> Iterator[float]:
    """The windows, and what a growing value is compared with, ms."""
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from _spans(part)
    elif isinstance(node, Not):
        yield from _spans(node.part)
    elif isinstance(node, Compare):
        growing = isinstance(node.left, Since) or (isinstance(node.left, Attr) and CATALOG[node.left.name].change == "grows")
        if growing and isinstance(node.right, Const):
            assert not isinstance(node.right.value, str)
            yield abs(node.right.value)
        yield from _spans(node.left)
        yield from _spans(node.right)
    elif isinstance(node, Calc):
        yield from _spans(node.left)
        yield from _spans(node.right)
    elif isinstance(node, In):
        yield from _spans(node.left)
    elif isinstance(node, Neg | IsNone):
        yield from _spans(node.operand)
    elif isinstance(node, Attr | Flag):
        if node.window is not None:
            yield node.window
