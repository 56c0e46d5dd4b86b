"""A list of names in a file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scoring.expressions.problem import suggest
from scoring.segments.table import Table, kind_word


def names(
    table: Table, key: str, known: Collection[str] | None, what: str, suggested: Collection[str] | None = None
) -> tuple[str, ...] | None:
    """The list at `key`, each name one of the known (None: they can't be told) and there once. None where it is absent or faulty.

    `suggested`: those of the known that a hint may name, where that isn't all of them.
    """
    if key not in table.data:
        return None
    value: Any = table.data[key]
    if not isinstance(value, list):
        table.fault(f"`{key}` must be a list, not {kind_word(value)}", at=key)
        return None
    before = len(table.document.faults)
    for i, name in enumerate(value):
        path = (*table.path, key, i)
        if not isinstance(name, str):
            table.document.fault(path, f"a name must be a text, not {kind_word(name)}")
        elif known is not None and name not in known:
            others = known if suggested is None else suggested
            hint = suggest(name, others, f"{what}s") if others else f"there is no other {what}"
            table.document.fault(path, f"unknown {what} `{name[:64]}`", hint)
        elif name in value[:i]:
            table.document.fault(path, f"`{name}` is there twice")
    return tuple(value) if len(table.document.faults) == before else None
