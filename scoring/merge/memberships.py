"""Memberships when ids are joined: left by the one that goes, taken along by name, judged once for the one that stays."""

from __future__ import annotations

from typing import Any

from scoring.engine import Engine
from scoring.engine.changes import MERGE
from scoring.engine.membership import EPISODE, LAST_EXIT, enter, find, held_since, hold, last_exit, record
from scoring.engine.steps import ENTERED, EXITED, MOVED, Compiled, Entry
from scoring.segments.model import Segment
from scoring.state import HOUR, Customer, history_of

#: Segment -> [member, `when` true since or None, last exit or None].
Held = dict[str, list[Any]]


def leave(engine: Engine, s: Customer, now: int, cause: int, origin: list[Any] | None, out: list[Entry]) -> None:
    """The customer is one no more: out of every segment, and `moved` to no tier. What was in the state is not told once more."""
    members = s.members
    assert isinstance(members, int)
    for each in engine.steps.ordered:
        if not members & each.bits:
            continue
        if isinstance(each.definition, Segment):
            out.append([0, each.index, EXITED, None, None, now, cause, _episode(s, each.index), None, origin])
        else:
            tier = next((tier for tier, bit in engine.steps.layout.tiers[each.name].items() if members & bit), None)
            if tier is not None:
                out.append([0, each.index, MOVED, tier, None, now, cause, enter(s, each.index, now), None, origin])
    s.members = s.holding = 0
    s.holds = None


def highest_episode(s: Customer) -> int:
    """No segment or group of tiers has counted further, in this life of the id or a former one."""
    counted = [record[EPISODE] for record in (history_of(s) or {}).values()]
    counted += [episode for episode, _ in (s.gone or {}).values()]
    return max(counted, default=0 if s.ties is None else s.ties.episodes)


def held(engine: Engine, s: Customer) -> Held:
    """What of its simple segments a customer takes along, beside its facts."""
    found: Held = {}
    members, holding = s.members, s.holding
    assert isinstance(members, int) and isinstance(holding, int)
    for each in engine.steps.by_index:
        if isinstance(each.definition, Segment):
            since = held_since(s, each.index) if holding & each.bit else None
            left = last_exit(s, each.index)
            if members & each.bit or since is not None or left is not None:
                found[each.name] = [bool(members & each.bit), since, left]
    return found


def judge(engine: Engine, s: Customer, theirs: Held, now: int, origin: list[Any] | None, out: list[Entry]) -> None:
    """Looks at every segment at `now`, cause `merge`: at most one change of each.

    Where the other id was in a segment with `exit_when`, this one is too, unless that is true now; `hold_for` runs since the earlier of
    both, `cooldown` since the later; what has settled there has settled here.
    """
    carried: dict[int, Compiled] = {}
    n = len(out)
    for each in engine.steps.by_index:
        if isinstance(each.definition, Segment) and each.name in theirs:
            member, since, left = theirs[each.name]
            _take_along(s, each, each.definition, since, left)
            if member and each.definition.settle and not s.members & each.bit:  # type: ignore[operator]
                hold(s, each.index, now - each.definition.settle)
                s.holding |= each.bit  # type: ignore[operator]
            if member and each.exit_when is not None and not s.members & each.bit and _may_enter(s, each, now):  # type: ignore[operator]
                carried[each.index] = each
                s.members |= each.bit  # type: ignore[operator]
    before = {i: _copy(s, i) for i in carried}
    engine.judge(s, now, MERGE, out)
    changes = [entry for entry in out[n:] if entry[0] == 0]
    others = [entry for entry in out[n:] if entry[0] != 0]
    for i, each in carried.items():
        if s.members & each.bit:  # type: ignore[operator]
            changes.append([0, i, ENTERED, None, None, now, MERGE, enter(s, i, now), each.values(s, now)])
        else:  # it would have come and gone at one instant
            changes = [entry for entry in changes if entry[1] != i]
            _put_back(s, i, before[i])
    order = {each.index: place for place, each in enumerate(engine.steps.ordered)}
    changes.sort(key=lambda entry: order[entry[1]])
    for entry in changes:
        entry.append(origin)
    out[n:] = changes + others


def _take_along(s: Customer, each: Compiled, definition: Segment, since: int | None, left: int | None) -> None:
    i = each.index
    if definition.hold_for and since is not None:
        held_here = bool(s.holding & each.bit)  # type: ignore[operator]
        hold(s, i, min(since, held_since(s, i)) if held_here else since)
        s.holding |= each.bit  # type: ignore[operator]
    if definition.cooldown and left is not None and left > (last_exit(s, i) or left - 1):
        record(s, i)[LAST_EXIT] = left - s.h0 * HOUR


def _may_enter(s: Customer, each: Compiled, now: int) -> bool:
    assert isinstance(each.definition, Segment)
    left = last_exit(s, each.index)
    return left is None or left + each.definition.cooldown <= now


def _copy(s: Customer, index: int) -> list[Any] | None:
    found = find(s, index)
    return None if found is None else [*found]


def _put_back(s: Customer, index: int, kept: list[Any] | None) -> None:
    history = history_of(s) or {}
    history.pop(index, None)
    if kept is not None:
        history[index] = kept
    s.history = history or None


def _episode(s: Customer, index: int) -> int:
    found = find(s, index)
    return 0 if found is None else int(found[EPISODE])
