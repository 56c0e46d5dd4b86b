"""New definitions: memberships move to their places in the new layout, by name.

A segment that is defined no longer is left (cause `definition`); its episode is remembered, so that one of that name defined again counts
on and no change id comes twice. So is a tier that is gone from a group which is now `of` some only: its customers may be in none.
"""

from __future__ import annotations

from scoring.engine.changes import DEFINITION, UNDEFINED
from scoring.engine.membership import EPISODE, LAST_EXIT, enter
from scoring.engine.steps import EXITED, MOVED, Entry, layout_of
from scoring.packed import History
from scoring.segments.model import Definitions, Segment, Tiers
from scoring.state import Customer, history_of


def migrate(state: Customer, older: Definitions, newer: Definitions, now: int, out: list[Entry]) -> None:
    """Rewrites members, holding and history of `state`; does not judge anything."""
    old, new = layout_of(older), layout_of(newer)
    places = {each.name: i for i, each in enumerate(newer.segments)}
    meanings = {each.name: each.definition for each in older.segments}
    members = holding = 0
    left: dict[str, str] = {}
    was, held = state.members, state.holding
    assert isinstance(was, int) and isinstance(held, int)
    for name, bit in old.segments.items():
        if name in new.segments:
            members |= new.segments[name] if was & bit else 0
            same = newer.segments[places[name]].definition == meanings[name]
            holding |= new.segments[name] if same and held & bit else 0
    for group, tiers in old.tiers.items():
        kept = new.tiers.get(group, {})
        same = bool(kept) and newer.segments[places[group]].definition == meanings[group]
        for tier, bit in tiers.items():
            if was & bit:
                members |= kept.get(tier, 0)
                if group in new.nowhere and tier not in kept:
                    members |= new.nowhere[group]
                    left[group] = tier
            if same and held & bit:
                holding |= kept[tier]
    for group, bit in old.nowhere.items():
        if was & bit:
            members |= new.nowhere.get(group, 0)
        if held & bit and group in places and newer.segments[places[group]].definition == meanings[group]:
            holding |= new.nowhere[group]
    holds: list[int] = []
    for index, since in zip(*(iter(state.holds or ()),) * 2, strict=True):
        place = places.get(older.segments[index].name)
        if place is not None and newer.segments[place].definition == older.segments[index].definition:
            holds += (place, since)
    history: History = {}
    gone = state.gone or {}
    for index, record in (history_of(state) or {}).items():
        each = older.segments[index]
        if _same_kind(each, newer, places):
            history[places[each.name]] = record
        else:
            gone[_kept_as(each)] = [record[EPISODE], record[LAST_EXIT]]
    for each in newer.segments:
        if _kept_as(each) in gone:
            episode, away = gone.pop(_kept_as(each))
            history[places[each.name]] = [episode, 0 if away is None else away, away]
    state.members, state.holding, state.gone = members, holding, gone or None
    state.history = history or None
    state.holds = [part for pair in sorted(zip(holds[::2], holds[1::2], strict=True)) for part in pair] or None
    for each in older.segments:
        said = [each.name, each.family, each.definition]
        if isinstance(each, Segment) and was & old.segments[each.name] and each.name not in new.segments:
            episode = gone[_kept_as(each)][0]
            out.append([0, UNDEFINED, EXITED, None, None, now, DEFINITION, episode, said])
        elif each.name in left:
            episode = enter(state, places[each.name], now)
            out.append([0, UNDEFINED, MOVED, left[each.name], None, now, DEFINITION, episode, said])


def _same_kind(each: Segment | Tiers, newer: Definitions, places: dict[str, int]) -> bool:
    """Is there one of that name that is a simple segment, or tiers, as this one is?"""
    return each.name in places and isinstance(each, Segment) == isinstance(newer.segments[places[each.name]], Segment)


def _kept_as(each: Segment | Tiers) -> str:
    """Its key in `Customer.gone`: a segment and tiers of one name count their episodes apart."""
    return each.name if isinstance(each, Segment) else f"{each.name}."
