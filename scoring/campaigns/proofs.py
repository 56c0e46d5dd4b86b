"""Campaigns that can be seen never to send anything. What is claimed always holds; what is not seen is not claimed.

The proofs are those of scoring/segments/reach.py, over conditions in which memberships are spelled out: who is in a segment meets its
`when` (or, where it has an `exit_when`, does not meet that), who is in a tier meets its condition and none before it.
"""

from __future__ import annotations

from collections.abc import Set

from scoring.campaigns.model import Campaign, Entered, Moved
from scoring.expressions.tree import And, Attr, Compare, Condition, Const, In, InSegment, Not, Or, TierOf, Truth
from scoring.segments.model import Definitions, Segment, Tiers
from scoring.segments.reach import always, excludes
from scoring.traits.catalog import CATALOG


class Proofs:
    """Over the definitions that a file's campaigns refer to."""

    def __init__(self, definitions: Definitions) -> None:
        self._segments = {each.name: each for each in definitions.segments if isinstance(each, Segment)}
        self._tiers = {each.name: each for each in definitions.segments if isinstance(each, Tiers)}

    def never(self, condition: Condition) -> bool:
        """Is it false of everybody at every instant?"""
        return always(self._spelled(condition)) is False

    def never_starts(self, trigger: Entered | Moved) -> bool:
        return all(always(fact) is False for fact in self._facts(trigger))

    def false_at_start(self, condition: Condition, trigger: Entered | Moved) -> bool:
        """Is it false at the instant the trigger comes true?"""
        spelled = self._spelled(condition)
        return all(excludes(fact, spelled) or excludes(spelled, fact) for fact in self._facts(trigger))

    def too_late(self, condition: Condition, stop_on: Set[str], after: int) -> bool:
        """Is it false `after` the trigger (ms), of a campaign that these event types end?

        The time since an event has grown by as much, where an event that would set it back ends the campaign.
        """
        return _outgrown(self._spelled(condition), stop_on, after)

    def _facts(self, trigger: Entered | Moved) -> list[Condition]:
        """What is true at the instant of the trigger: one of these."""
        if isinstance(trigger, Moved):
            return [self._spelled(In(TierOf(trigger.tiers), (tier,))) for tier in trigger.to]
        segment = self._segments[trigger.segment]
        leaving = () if segment.exit_when is None else (Not(segment.exit_when),)
        return [And((InSegment(segment.name), self._spelled(segment.when), *leaving))]

    def _spelled(self, condition: Condition) -> Condition:
        if isinstance(condition, InSegment):
            segment = self._segments[condition.name]
            meaning = self._spelled(segment.when) if segment.exit_when is None else Not(segment.exit_when)
            return And((condition, meaning))
        if isinstance(condition, And):
            return And(tuple(self._spelled(part) for part in condition.parts))
        if isinstance(condition, Or):
            return Or(tuple(self._spelled(part) for part in condition.parts))
        named = _tiers_named(condition)
        if named is None:
            return condition
        group, names = named
        known = [name for name in names if name in {tier.name for tier in self._tiers[group].tiers}]
        parts = tuple(And((In(TierOf(group), (name,)), *self._tier(group, name))) for name in known)
        return parts[0] if len(parts) == 1 else Or(parts) if parts else Truth(False)

    def _tier(self, group: str, name: str) -> tuple[Condition, ...]:
        of = self._tiers[group].of
        parts = [] if of is None else [self._spelled(of)]
        for tier in self._tiers[group].tiers:
            if tier.name == name:
                return (*parts, *(() if tier.when is None else (self._spelled(tier.when),)))
            if tier.when is not None:
                parts.append(Not(tier.when))
        return tuple(parts)


def ended_at_once(campaign: Campaign, other: Campaign, before: bool) -> bool:
    """Does `other` start whenever `campaign` does, at the same instant, and end it? `before`: `campaign` stands before it in the file."""
    if campaign.name not in other.excludes or other.reentry is not None:
        return False
    if other.name in campaign.excludes and (campaign.priority, before) > (other.priority, not before):
        return False  # of two that exclude each other the higher stays
    mine, theirs = campaign.trigger, other.trigger
    if isinstance(mine, Entered) or isinstance(theirs, Entered):
        return mine == theirs
    if mine.tiers != theirs.tiers or not set(mine.to) <= set(theirs.to):
        return False
    return theirs.origin is None or (mine.origin is not None and set(mine.origin) <= set(theirs.origin))


def _outgrown(condition: Condition, stop_on: Set[str], after: int) -> bool:
    if isinstance(condition, And):
        return any(_outgrown(part, stop_on, after) for part in condition.parts)
    if isinstance(condition, Or):
        return all(_outgrown(part, stop_on, after) for part in condition.parts)
    if not isinstance(condition, Compare) or not isinstance(condition.left, Attr) or not isinstance(condition.right, Const):
        return False
    attribute, limit = CATALOG[condition.left.name], condition.right.value
    if attribute.change != "grows" or not set(attribute.fed_by) <= stop_on or isinstance(limit, str):
        return False
    return condition.op in ("<", "<=") and (limit < after or (limit == after and condition.op == "<"))


def _tiers_named(condition: Condition) -> tuple[str, tuple[str, ...]] | None:
    """(group, the tiers of which it must be one) of a condition on a customer's tier."""
    if isinstance(condition, In) and isinstance(condition.left, TierOf) and not condition.negated:
        return condition.left.group, tuple(str(name) for name in condition.values)
    if (
        isinstance(condition, Compare)
        and condition.op == "=="
        and isinstance(condition.left, TierOf)
        and isinstance(condition.right, Const)
    ):
        return condition.left.group, (str(condition.right.value),)
    return None
