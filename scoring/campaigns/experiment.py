"""`hold_out` and `variants` of a campaign, read."""

from __future__ import annotations

import math

from scoring.segments.table import NAME, Table, kind_word

_EXAMPLE = "such as variants = { a = 1, b = 1 }"
#: Weights outside say nothing that these don't.
_LEAST, _MOST = 0.001, 1_000_000


def hold_out(table: Table) -> float:
    """The share of customers who never get it; 0 where it is absent or faulty."""
    share = table.data.get("hold_out", 0)
    if isinstance(share, bool) or not isinstance(share, int | float):
        table.fault(f"`hold_out` must be a number, not {kind_word(share)}", "a share of customers, such as hold_out = 0.1", at="hold_out")
    elif share == 1:
        table.fault("everybody would be held out: no step could ever be sent", "a share below 1, such as hold_out = 0.1", at="hold_out")
    elif not 0 <= share < 1:
        hint = f"such as hold_out = {share / 100:g}" if 1 < share < 100 else "a share of customers, such as hold_out = 0.1"
        table.fault("`hold_out` is a share from 0 up to, not including, 1", hint, at="hold_out")
    else:
        return float(share)
    return 0.0


def variants(table: Table) -> tuple[tuple[str, float], ...]:
    """(name, weight) in file order; none where they are absent or faulty."""
    given = table.data.get("variants")
    if given is None:
        return ()
    if not isinstance(given, dict):
        table.fault(f"`variants` must be a table of weights, not {kind_word(given)}", _EXAMPLE, at="variants")
        return ()
    weights = Table(table.document, (*table.path, "variants"), given, "variant")
    before = len(table.document.faults)
    for name, weight in given.items():
        if not NAME.fullmatch(name):
            weights.fault(f"`{name[:64]}` is no name: a small letter, then small letters, digits and _", _EXAMPLE, at=name, key=True)
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            weights.fault(f"a weight must be a number, not {kind_word(weight)}", _EXAMPLE, at=name)
        elif not (weight == 0 or (math.isfinite(weight) and _LEAST <= weight <= _MOST)):
            weights.fault(f"a weight is 0, or from {_LEAST:g} to {_MOST:,}", _EXAMPLE, at=name)
    if len(table.document.faults) > before:
        return ()
    if not any(given.values()):
        table.fault("no variant has a weight: nobody could be given one", _EXAMPLE, at="variants")
        return ()
    return tuple((name, float(weight)) for name, weight in given.items())
