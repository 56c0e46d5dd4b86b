"""Looks at tiers after an event that can only have made conditions true: is one of those before the customer's own tier true now?

What the event cannot have turned is as it was, false, and needs no look. So the functions are made for the effects of an event: `quick` for
each tier somebody may be in, and `lifted` for who waits to be in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.engine.settle import rising_tiers
from scoring.expressions.tree import Compare, Condition, Const
from scoring.segments.model import Tiers

if TYPE_CHECKING:
    from scoring.engine.steps import Compiled


def rising_source(each: Compiled, effects: int) -> tuple[str, list[str], str]:
    """-> (source, names of `quick` by tier, name of `lifted`, "" for none)."""
    assert isinstance(each.definition, Tiers)
    i, tiers, kind = each.index, range(len(each.codes)), f"{each.index}_{effects:x}"
    lines, lifted = [], ""
    if each.definition.settle:
        lifted = f"lifted_{kind}"
        lines += rising_tiers(lifted, i, each.bit, each.codes, lambda j: _lifting(each, j, effects))
    names = [f"quick_{kind}_{j}" for j in tiers]
    for j in tiers:
        lines.append(f"def {names[j]}(s, now, out, cause):")
        if lifted:
            lines.append(f" if s.holding & {each.bits}: return {lifted}(s, now, out, cause)")
        lines += [f" if {_lifting(each, j, effects)}: return step_{i}(s, now, out, cause)", " return NEVER"]
    return "\n".join(lines), names, lifted


def _lifting(each: Compiled, j: int, effects: int) -> str:
    """Source: is the condition of a tier before j true? The nearest first; who is not above a bound is not above a higher one either."""
    conditions = {k: each.whens[k] for k in range(j) if each.codes[k].rise & effects}
    asked = [k for k in sorted(conditions, reverse=True) if not any(_implies(conditions[k], conditions[n]) for n in conditions if n > k)]
    return " or ".join(each.codes[k].raised(effects) for k in asked) or "False"


def _implies(a: Condition | None, b: Condition | None) -> bool:
    """Are they bounds of one value, the first the higher one?"""
    if not (isinstance(a, Compare) and isinstance(b, Compare) and isinstance(a.right, Const) and isinstance(b.right, Const)):
        return False
    higher, lower = a.right.value, b.right.value
    return (
        a.left == b.left and a.op == b.op in (">", ">=") and not isinstance(higher, str) and not isinstance(lower, str) and higher >= lower
    )
