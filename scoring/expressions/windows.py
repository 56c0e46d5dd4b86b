"""Windows of counts: `purchases(days(90))`."""

from __future__ import annotations

import ast
import math

from scoring.expressions import types
from scoring.expressions.scope import Scope
from scoring.expressions.tree import Attr, Const
from scoring.traits.attribute import Attribute
from scoring.traits.catalog import CATALOG


def windowed(attribute: Attribute, window: Const, argument: ast.expr, scope: Scope) -> Attr | None:
    """A count over a window, given as the checked constant that stands at `argument`; None where it is faulty."""
    name = attribute.name
    if window.kind != "duration":
        shown = window.text if window.kind == "number" and len(window.text) < 12 else "30"
        scope.fault(argument, f"the window of `{name}` must be a duration, not {types.A_KIND[window.kind]}", f"write {name}(days({shown}))")
        return None
    assert not isinstance(window.value, str)
    length = window.value
    if length <= 0:
        scope.fault(argument, f"the window of `{name}` must be longer than 0", f"write {example_of(name)}")
    elif length > types.LONGEST_WINDOW:
        scope.fault(
            argument,
            f"the window of `{name}` is longer than 400 days",
            f"at most {name}(days(400)); without a window it counts the whole lifetime",
        )
    elif attribute.whole_days and not (_days(argument) and length % types.UNITS["days"] == 0):
        days = max(1, min(400, round(length / types.UNITS["days"])))
        scope.fault(argument, f"`{name}` counts whole days", f"write {name}(days({days}))")
    else:
        whole = math.ceil(length)
        return Attr(name, attribute.kind, whole, f"{name}({types.span_text(whole)})")
    return None


def _days(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "days"


def example_of(name: str) -> str:
    """How a name of the language is rightly written."""
    if name in types.UNITS:
        return f"{name}(7)"
    if name in CATALOG:
        attribute = CATALOG[name]
        if attribute.argument:
            return f'{name}("{attribute.choices[0] if attribute.choices else attribute.argument}")'
        return f"{name}(days(30))" if attribute.windowed else name
    return f'{name}("name")'
