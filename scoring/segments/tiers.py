"""A group of tiers: read, and checked that each of its tiers can be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from scoring.expressions.tree import Condition, Not, Or
from scoring.segments.document import Path
from scoring.segments.model import Tier
from scoring.segments.reach import always, excludes, implies
from scoring.segments.table import Table, kind_word

_EXAMPLE = '[ { name = "often", when = "purchases >= 5" }, { name = "seldom" } ]'

#: Reads the condition at a path; None where it is faulty.
Conditions = Callable[[Path, str], Condition | None]


class _Read(NamedTuple):
    table: Table
    name: str
    when: Condition | None
    good: bool  # its condition could be read, or it rightly has none


def read_tiers(group: Table, conditions: Conditions, of: Condition | None = None) -> tuple[Tier, ...]:
    """The tiers of a group, which is for customers of whom `of` is true; faults are noted in the document."""
    given = group.data.get("tiers")
    if not isinstance(given, list):
        if given is None:
            group.fault("a group of tiers needs `tiers`", f"such as tiers = {_EXAMPLE}")
        else:
            group.fault(f"`tiers` must be a list, not {kind_word(given)}", f"such as tiers = {_EXAMPLE}", at="tiers")
        return ()
    if not given:
        group.fault("a group needs at least one tier", f"such as tiers = {_EXAMPLE}", at="tiers")
    read: list[_Read] = []
    for index, data in enumerate(given):
        path = (*group.path, "tiers", index)
        if isinstance(data, dict):
            read.append(_read_tier(Table(group.document, path, data, "tier"), index == len(given) - 1, read, conditions))
        else:
            group.document.fault(
                path, f"a tier must be a table, not {kind_word(data)}", 'such as { name = "often", when = "purchases >= 5" }'
            )
    if of is not None and always(of) is False:
        group.fault("nobody is in this group: its `of` is never true", at="of")
    else:
        _tell_unreachable(read, of)
    return tuple(Tier(tier.name, tier.when) for tier in read)


def _read_tier(table: Table, last: bool, before: list[_Read], conditions: Conditions) -> _Read:
    table.only(("name", "when"))
    name = table.name() or ""
    if name and any(tier.name == name for tier in before):
        table.fault(f"this group has a tier `{name}` already", "each tier of a group has its own name", at="name")
    text = table.text("when", example='"purchases >= 5"')
    if last and "when" in table.data:
        table.fault(
            "the last tier has no `when`: it is for everybody else", 'add one more tier at the end: { name = "other" }', at="when", key=True
        )
    elif not last and "when" not in table.data:
        table.fault(f"tier `{name}` needs a `when`", "only the last tier has none: it is for everybody else")
    when = None if text is None else conditions((*table.path, "when"), text)
    return _Read(table, name, when, when is not None or (last and "when" not in table.data))


def _tell_unreachable(read: list[_Read], of: Condition | None) -> None:
    before: list[_Read] = []
    for tier in read:
        if not tier.good:
            continue
        shown = f"tier `{tier.name}` can never be reached"
        place = "when" if tier.when is not None else "name" if "name" in tier.table.data else None
        everybody = next((one for one in before if one.when is not None and _all_are_in(one.when, of)), None)
        if everybody is not None:
            tier.table.fault(
                f"{shown}: everybody is in `{everybody.name}` before it", "order tiers from the narrowest to the widest", at=place
            )
        elif tier.when is not None and always(tier.when) is False:
            tier.table.fault(f"{shown}: its condition is never true", at=place)
        elif tier.when is not None and of is not None and excludes(of, tier.when):
            tier.table.fault(f"{shown}: who meets its condition is not of this group", "compare it with `of`", at=place)
        elif _covered(before):
            tier.table.fault(f"{shown}: one of the tiers before it is true of everybody", at=place)
        elif tier.when is not None:
            wider = next((one for one in before if one.when is not None and implies(tier.when, one.when)), None)
            wider_together = (
                wider is None and len(before) > 1 and implies(tier.when, Or(tuple(one.when for one in before if one.when is not None)))
            )
            if wider is not None or wider_together:
                whose = f"`{wider.name}`" if wider is not None else "a tier"
                tier.table.fault(
                    f"{shown}: who meets its condition is in {whose} before it", "order tiers from the narrowest to the widest", at=place
                )
        before.append(tier)


def _all_are_in(when: Condition, of: Condition | None) -> bool:
    return always(when) is True if of is None else implies(of, when)


def _covered(before: list[_Read]) -> bool:
    """Whether two tiers together take everybody: one is true where the other is not."""
    conditions = [tier.when for tier in before if tier.when is not None][:32]
    return any(implies(Not(one), other) for one in conditions for other in conditions if one is not other)
