"""`settle`: source of the steps of segments and tiers in which a change counts once it has lasted.

While the answer differs from the membership, `holding` has the bit of what it differs to (a segment's own bit, that of the tier it would
be) and the instant in `holds` is when it came to that. Back at the membership, or at yet another tier, it begins anew.

After an event before the customer's deadline what was waiting goes on waiting, and the deadline stands for it: `glance` need not ask since
when.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scoring.expressions.code import Code


def settling_segment(name: str, i: int, bit: int, settle: int, cooldown: int, when: Code, entered: list[str], left: list[str]) -> list[str]:
    """`name`: step or glance; `entered` and `left` are the statements that change the membership."""
    lines = [f"def {name}_{i}(s, now, out, cause):", *when.emit("v", "u", " ")]
    lines += [
        f" if (not v) == (s.members & {bit} == 0):",
        f"  if s.holding & {bit}:",
        f"   s.holding ^= {bit}",
        f"   release(s, {i})",
        "  return u",
        *([f" if s.holding & {bit}: return u"] if name == "glance" else []),
        f" if not s.holding & {bit}:",
        f"  s.holding |= {bit}",
        f"  hold(s, {i}, now)",
        f" ready = held_since(s, {i}) + {settle}",
    ]
    if cooldown:
        lines += [
            " if v:",
            f"  away = last_exit(s, {i})",
            f"  if away is not None and away + {cooldown} > ready: ready = away + {cooldown}",
        ]
    lines += [
        " if now < ready: return ready if ready < u else u",
        f" s.holding ^= {bit}",
        f" release(s, {i})",
        " if v:",
        *_indented(entered, 2),
        " else:",
        *_indented(left, 2),
        " return u",
    ]
    return lines


def settling_tiers(name: str, i: int, bit: int, settle: int, codes: Sequence[Code], moved: Callable[[int], str]) -> list[str]:
    """`name`: step or glance. `moved(j)` is the statement that tells of the move from `old` to tier j. The first tier needs no settling."""
    bits = sum(bit << j for j in range(len(codes)))
    lines = [f"def {name}_{i}(s, now, out, cause):", f" old, pending = s.members & {bits}, s.holding & {bits}"]
    for j, code in enumerate(codes):
        mark = bit << j
        lines += code.emit("v", "u" if j == 0 else "uj", " ")
        if j:
            lines.append(" if uj < u: u = uj")
        lines += [
            " if v:",
            f"  if old == {mark}:",
            "   if pending:",
            "    s.holding ^= pending",
            f"    release(s, {i})",
            "   return u",
            *([f"  if pending == {mark}: return u"] if name == "glance" else []),
            "  if old:",
            f"   if pending != {mark}:",
            f"    s.holding ^= pending | {mark}",
            f"    hold(s, {i}, now)",
            f"   ready = held_since(s, {i}) + {settle}",
            "   if now < ready: return ready if ready < u else u",
            f"   s.holding ^= {mark}",
            f"   release(s, {i})",
            f"  s.members ^= old | {mark}",
            f"  {moved(j)}",
            "  return u",
        ]
    return lines


def rising_tiers(name: str, i: int, bit: int, codes: Sequence[Code], lifting: Callable[[int], str]) -> list[str]:
    """Source of `name`: a look after an event that can only have made conditions true, at a customer who is somewhere or waits to be.

    Who waits to move up goes on waiting unless an earlier tier has come true; who waits to move down may have come back. `lifting(j)` asks
    whether one before j is true.
    """
    bits = sum(bit << j for j in range(len(codes)))
    lines = [
        f"def {name}(s, now, out, cause):",
        f" old, pending = s.members & {bits}, s.holding & {bits}",
        f" if pending > old: return glance_{i}(s, now, out, cause)",
        " at = pending or old",
    ]
    for j in range(len(codes)):
        lines.append(f" if at == {bit << j}: return glance_{i}(s, now, out, cause) if {lifting(j)} else NEVER")
    return [*lines, f" return glance_{i}(s, now, out, cause)"]


def _indented(lines: list[str], depth: int) -> list[str]:
    return [" " * depth + line for line in lines]
