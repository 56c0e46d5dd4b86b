"""Values in an expression: constants, attributes with their windows, durations, tiers and calculations.

Every function returns None for what is faulty, after noting the fault in the scope.
"""

from __future__ import annotations

import ast
from typing import Literal

from scoring.expressions import types
from scoring.expressions.problem import nearest, suggest
from scoring.expressions.scope import Reference, Scope
from scoring.expressions.tree import Attr, Calc, Const, Number, Since, TierOf
from scoring.expressions.windows import example_of, windowed
from scoring.traits.attribute import OCCASION, Attribute
from scoring.traits.catalog import CATALOG, TRAIT_OF

_SIGNS: dict[type[ast.operator], Literal["+", "-", "*", "/"]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_REFUSED_SIGNS: dict[type[ast.operator], tuple[str, str]] = {
    ast.BitAnd: ("&", "write `and`"),
    ast.BitOr: ("|", "write `or`"),
    ast.BitXor: ("^", "write `or` and `and`"),
    ast.Pow: ("**", "multiply instead"),
    ast.FloorDiv: ("//", "write `/`"),
    ast.Mod: ("%", "write a share as a number: 0.2"),
    ast.MatMult: ("@", ""),
    ast.LShift: ("<<", "write `<`"),
    ast.RShift: (">>", "write `>`"),
}
CALLS = (*types.UNITS, "in_segment", "tier", "since_entered")
_FOREIGN = {"true": "True", "false": "False", "null": "None", "none": "None", "nil": "None"}
_FORMS: dict[type[ast.AST], str] = {
    ast.Attribute: "attribute access",
    ast.Subscript: "an index",
    ast.Lambda: "a lambda",
    ast.IfExp: "`if … else`",
    ast.NamedExpr: "`:=`",
    ast.JoinedStr: "an f-string",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Dict: "a dictionary",
    ast.Starred: "`*`",
    ast.Await: "`await`",
    ast.Yield: "`yield`",
    ast.YieldFrom: "`yield`",
}


def changing(value: Number) -> Attribute | None:
    """The catalogue's attribute where a value is a growing or decaying one, alone."""
    if isinstance(value, Since):
        return _SINCE
    if isinstance(value, Attr) and CATALOG[value.name].moves:
        return CATALOG[value.name]
    return None


#: What is said of since_entered(…), whoever it names.
_SINCE = Attribute("since_entered", "duration", "grows", "time since the customer entered a segment, or its present tier", "", 0)


def value(node: ast.expr, scope: Scope) -> Number | None:
    """The value an expression stands for."""
    if isinstance(node, ast.Constant):
        return _constant(node, scope)
    if isinstance(node, ast.Name):
        return _name(node, scope)
    if isinstance(node, ast.Call):
        return _call(node, scope)
    if isinstance(node, ast.UnaryOp):
        return _signed(node, scope)
    if isinstance(node, ast.BinOp):
        return _calculation(node, scope)
    if isinstance(node, ast.BoolOp | ast.Compare):
        scope.fault(node, "a condition is no value", "join conditions with `and` and `or`")
    else:
        refuse(node, scope)
    return None


def constant(node: ast.expr, scope: Scope) -> Const | None:
    """A value that must be constant."""
    found = value(node, scope)
    if found is None or isinstance(found, Const):
        return found
    scope.fault(node, "this must be a constant", "a number, a duration such as days(7), or a calculation of those")
    return None


def refuse(node: ast.expr, scope: Scope) -> None:
    """The fault of a form of Python that is no part of this language."""
    if isinstance(node, ast.Tuple):
        scope.fault(node, "a comma joins nothing here", "write `and` between conditions, and decimals with a point: 1.5")
    elif isinstance(node, ast.List | ast.Set):
        scope.fault(node, "a list stands only after `in`", 'such as purchases in [1, 2] or tier("value") in ["high", "mid"]')
    else:
        scope.fault(node, f"{_FORMS.get(type(node), 'this form')} is not part of this language")


def unknown(node: ast.expr, name: str, scope: Scope) -> None:
    """The fault of a name that is neither an attribute nor a function."""
    if name in _FOREIGN:
        scope.fault(node, f"unknown name `{name}`", f"did you mean `{_FOREIGN[name]}`?")
    else:
        close = nearest(name, {*CATALOG, *CALLS})
        hint = f"did you mean `{close}`?" if close else "`gedrag traits` lists all there are"
        scope.fault(node, f"unknown attribute `{name[:64]}`", hint)


def _constant(node: ast.Constant, scope: Scope) -> Const | None:
    found = node.value
    text = scope.source.words(node)
    if isinstance(found, bool):
        return Const(found, "boolean", text)
    if isinstance(found, str):
        return Const(found, "string", text)
    if isinstance(found, int | float):
        try:
            return Const(types.tidy(found), "number", text)
        except types.Unfit as error:
            scope.fault(node, str(error), error.hint)
            return None
    if found is None:
        scope.fault(node, "None stands only after `is`", "write `is None` or `is not None`")
    else:
        scope.fault(node, f"{'...' if found is Ellipsis else text[:20]} is no value here", "numbers, texts, True and False are")
    return None


def _name(node: ast.Name, scope: Scope) -> Attr | None:
    name = node.id
    if not _plain(node, scope):
        return None
    attribute = CATALOG.get(name)
    if attribute is not None:
        if attribute.argument:
            scope.fault(node, f"`{name}` needs a text: {attribute.argument}", f"write {example_of(name)}")
            return None
        return Attr(name, attribute.kind, None, name) if _on(attribute, node, scope) else None
    if name in types.UNITS:
        scope.fault(node, f"`{name}` needs a number", f"write {name}(7)")
    elif name in CALLS:
        scope.fault(node, f"`{name}` needs a name", f'write {name}("name")')
    else:
        unknown(node, name, scope)
    return None


def _plain(node: ast.Name, scope: Scope) -> bool:
    """Python folds look-alike letters into plain ones; here a name is what it looks like."""
    start, end = scope.source.span(node)
    if scope.source.code[start:end].isascii():
        return True
    written = scope.source.code[start:end]
    scope.fault(node, f"unknown attribute `{written[:64]}`", "names are written in plain letters a to z; " + suggest(node.id, CATALOG))
    return False


def _signed(node: ast.UnaryOp, scope: Scope) -> Number | None:
    if isinstance(node.op, ast.Not):
        scope.fault(node, "a condition is no value", "`not` stands before a condition, not in a calculation")
        return None
    if isinstance(node.op, ast.Invert):
        scope.fault(node, "`~` is not part of this language", "write `not`")
        return None
    operand = value(node.operand, scope)
    if operand is None or _moves(operand, node.operand, scope):
        return None
    try:
        negated = types.negate(operand, scope.source.words(node))
    except types.Unfit as error:
        scope.fault(node, str(error), error.hint)
        return None
    return operand if isinstance(node.op, ast.UAdd) else negated


def _calculation(node: ast.BinOp, scope: Scope) -> Number | None:
    sign = _SIGNS.get(type(node.op))
    if sign is None:
        written, hint = _REFUSED_SIGNS[type(node.op)]
        scope.fault(node, f"`{written}` is not part of this language", hint)
        return None
    left, right = value(node.left, scope), value(node.right, scope)
    if left is None or right is None:
        return None
    if _moves(left, node.left, scope) | _moves(right, node.right, scope):
        return None
    try:
        return types.calculate(sign, left, right, scope.source.words(node))
    except types.Unfit as error:
        scope.fault(node, str(error), error.hint)
        return None


def _moves(operand: Number, node: ast.expr, scope: Scope) -> bool:
    attribute = changing(operand)
    if attribute is None:
        return False
    example = f"{attribute.name} >= {'hours(1)' if attribute.kind == 'duration' else '12'}"
    scope.fault(
        node,
        f"`{attribute.name}` {attribute.change} as time passes and cannot be calculated with",
        f"put it alone on one side, and what is constant on the other: {example}",
    )
    return True


def _call(node: ast.Call, scope: Scope) -> Number | None:
    if not isinstance(node.func, ast.Name):
        scope.fault(node.func, "only attributes, durations, in_segment and tier can be called")
        return None
    name = node.func.id
    if not _plain(node.func, scope):
        return None
    if name not in CATALOG and name not in CALLS:
        unknown(node.func, name, scope)
        return None
    attribute = CATALOG.get(name)
    if attribute is not None and not _on(attribute, node.func, scope):
        return None
    if attribute is not None and attribute.argument:
        return with_text(node, attribute, scope)
    argument = only_argument(node, name, scope)
    if argument is None:
        return None
    if name in types.UNITS:
        return _duration(node, name, argument, scope)
    if name == "tier":
        return _tier(node, argument, scope)
    if name == "since_entered":
        return _since(node, argument, scope)
    if name == "in_segment":
        scope.fault(node, "in_segment(…) is a condition, not a value", "use it by itself, with `and`, `or` and `not`")
        return None
    if not CATALOG[name].windowed:
        scope.fault(node, f"`{name}` has no window", f"write {name} without brackets")
        return None
    window = constant(argument, scope)
    return None if window is None else windowed(CATALOG[name], window, argument, scope)


def only_argument(node: ast.Call, name: str, scope: Scope) -> ast.expr | None:
    """The one argument of a call."""
    example = example_of(name)
    for keyword in node.keywords:
        scope.fault(keyword, f"`{name}` takes no named arguments", f"write {example}")
    if node.keywords:
        return None
    if not node.args and name in CATALOG:
        scope.fault(
            node, f"`{name}()` has no window", f"write {example}" + (f", or {name} for the whole lifetime" if example != name else "")
        )
    elif len(node.args) != 1:
        scope.fault(node, f"`{name}` takes one argument, not {len(node.args)}", f"write {example}")
    elif isinstance(node.args[0], ast.Starred):
        refuse(node.args[0], scope)
    else:
        return node.args[0]
    return None


def _duration(node: ast.Call, unit: str, argument: ast.expr, scope: Scope) -> Number | None:
    amount = value(argument, scope)
    if amount is None or _moves(amount, argument, scope):
        return None
    if amount.kind != "number":
        scope.fault(argument, f"{unit}(…) takes a number, and {types.describe(amount)}")
        return None
    text = scope.source.words(node)
    if not isinstance(amount, Const):
        return Calc("*", amount, Const(types.UNITS[unit], "duration", f"{unit}(1)"), "duration", text)
    assert not isinstance(amount.value, str)
    try:
        return Const(types.milliseconds(amount.value, unit), "duration", text)
    except types.Unfit as error:
        scope.fault(argument, str(error), error.hint)
        return None


def _tier(node: ast.Call, argument: ast.expr, scope: Scope) -> TierOf | None:
    group = quoted(argument, "tier", scope)
    if group is None:
        return None
    if group in scope.tiers:
        scope.references.append(Reference(group, *scope.source.span(argument)))
        return TierOf(group, "string", scope.source.words(node))
    if group in scope.segments:
        scope.fault(argument, f"`{group}` is a segment, not a group of tiers", f'write in_segment("{group}")')
    else:
        scope.unknown_segment(argument, group, "tiers", scope.tiers)
    return None


def with_text(node: ast.Call, attribute: Attribute, scope: Scope) -> Attr | None:
    """An attribute of something named: `interest("shoes")`, or over a window: `feature_uses("search", days(30))`."""
    name = attribute.name
    most = 2 if attribute.windowed else 1
    example = f"write {example_of(name)}"
    for keyword in node.keywords:
        scope.fault(keyword, f"`{name}` takes no named arguments", example)
    if not node.keywords and not 1 <= len(node.args) <= most:
        takes = "a text and, if wanted, a duration" if attribute.windowed else "one text"
        scope.fault(node, f"`{name}` takes {takes}, not {len(node.args)} arguments", example)
        return None
    if node.keywords:
        return None
    text = quoted(node.args[0], name, scope)
    if text is None:
        return None
    if attribute.choices and text not in attribute.choices:
        scope.fault(node.args[0], f"unknown {attribute.argument} `{text[:64]}`", suggest(text, attribute.choices, attribute.argument))
        return None
    if attribute.argument == OCCASION and scope.occasions is not None and text not in scope.occasions:
        known = suggest(text, scope.occasions, "occasions") if scope.occasions else "write an [[occasion]] with that name"
        scope.fault(node.args[0], f"unknown occasion `{text[:64]}`", known)
        return None
    written = f"{name}({text!r}"
    if len(node.args) == 1:
        return Attr(name, attribute.kind, None, written + ")", text)
    window = constant(node.args[1], scope)
    found = None if window is None else windowed(attribute, window, node.args[1], scope)
    if found is None or found.window is None:
        return None
    return Attr(name, attribute.kind, found.window, f"{written}, {types.span_text(found.window)})", text)


def _since(node: ast.Call, argument: ast.expr, scope: Scope) -> Since | None:
    name = quoted(argument, "since_entered", scope)
    if name is None:
        return None
    if name in scope.segments or name in scope.tiers:
        scope.references.append(Reference(name, *scope.source.span(argument)))
        return Since(name, "duration", scope.source.words(node))
    scope.unknown_segment(argument, name, "segment", {*scope.segments, *scope.tiers})
    return None


def _on(attribute: Attribute, node: ast.expr, scope: Scope) -> bool:
    """Whether it may be read: not that of families that are switched off."""
    trait = TRAIT_OF.get(attribute.name)
    if trait is None or not set(trait.families) <= scope.off.families:
        return True
    families = " and ".join(f"`{family}`" for family in trait.families)
    scope.fault(node, f"`{attribute.name}` belongs to {families}, which this file switches off", "take it out of `off` in [families]")
    return False


def quoted(argument: ast.expr, name: str, scope: Scope) -> str | None:
    """The literal name in in_segment("…") or tier("…")."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    written = argument.id if isinstance(argument, ast.Name) else "name"
    scope.fault(argument, f"{name}(…) takes a name in quotes", f'write {name}("{written}")')
    return None
