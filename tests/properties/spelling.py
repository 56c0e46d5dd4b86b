"""Trees back to the text an author would write: a change's `attributes` are named by it, and the parser must read it as the same tree."""

from __future__ import annotations

from scoring.expressions import tree

UNITS = (("weeks", 604_800_000), ("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000))


def span(milliseconds: int | float) -> str:
    for unit, size in UNITS[1:]:
        if milliseconds % size == 0:
            return f"{unit}({int(milliseconds // size)})"
    return f"seconds({milliseconds / 1_000!r})"


def spell(node: object) -> str:
    """The expression in the definition language; joins and calculations in brackets, so that order of binding is plain."""
    match node:
        case tree.Const(value, "duration"):
            return span(value)
        case tree.Const(value):
            return repr(value)
        case tree.Attr(name, window=None) | tree.Flag(name):
            return name
        case tree.Attr(name, window=window):
            return f"{name}({span(window)})"
        case tree.TierOf(group):
            return f'tier("{group}")'
        case tree.InSegment(name):
            return f'in_segment("{name}")'
        case tree.Neg(operand):
            return f"-({spell(operand)})"
        case tree.Calc(op, left, right) | tree.Compare(left, op, right):
            return f"({spell(left)} {op} {spell(right)})"
        case tree.In(left, values, negated):
            items = ", ".join(span(v) if getattr(left, "kind", "") == "duration" else repr(v) for v in values)
            return f"({spell(left)} {'not in' if negated else 'in'} [{items}])"
        case tree.IsNone(operand, negated):
            return f"({spell(operand)} is {'not None' if negated else 'None'})"
        case tree.Truth(value):
            return repr(value)
        case tree.And(parts):
            return "(" + " and ".join(map(spell, parts)) + ")"
        case tree.Or(parts):
            return "(" + " or ".join(map(spell, parts)) + ")"
        case tree.Not(part):
            return f"(not {spell(part)})"
    raise TypeError(node)
