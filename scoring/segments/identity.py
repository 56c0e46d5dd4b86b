"""What a definition means, as a hash: the same for the same meaning, whatever its spaces, comments and brackets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from scoring.calendar.calendar import EMPTY, Calendar
from scoring.expressions.tree import (
    And,
    Attr,
    Calc,
    Compare,
    Condition,
    Const,
    Flag,
    In,
    InSegment,
    IsNone,
    Neg,
    Not,
    Number,
    Or,
    Since,
    TierOf,
    Truth,
)
from scoring.segments.model import Engagement, Segment, Tier, Tiers
from scoring.traits.catalog import CATALOG

Node = Condition | Number


def attributes(condition: Node) -> Iterator[Attr | Flag | InSegment | Since | TierOf]:
    """What a condition reads, in order of first mention: each once."""
    return iter(dict.fromkeys(_leaves(condition)))


def segment_hash(
    when: Condition,
    exit_when: Condition | None,
    hold_for: int,
    cooldown: int,
    engagement: Engagement,
    settle: int = 0,
    calendar: Calendar = EMPTY,
) -> str:
    """16 hex digits of a simple segment's meaning."""
    read = [when] if exit_when is None else [when, exit_when]
    said = ["segment", _said(when), exit_when and _said(exit_when), hold_for, cooldown, _settings(read, engagement)]
    if settle:
        said.append(settle)
    said += _occasions(read, calendar)
    return _digest(said).hexdigest()


def tiers_hash(
    tiers: Sequence[Tier], engagement: Engagement, settle: int = 0, calendar: Calendar = EMPTY, of: Condition | None = None
) -> str:
    """16 hex digits of a group of tiers' meaning: its tiers, their order and conditions, and whom it is for."""
    read = [when for when in (of, *(tier.when for tier in tiers)) if when is not None]
    said: list[Any] = ["tiers", [[tier.name, tier.when and _said(tier.when)] for tier in tiers], _settings(read, engagement)]
    if settle:
        said.append(settle)
    if of is not None:
        said.append(["of", _said(of)])
    said += _occasions(read, calendar)
    return _digest(said).hexdigest()


def fingerprint(segments: Sequence[Segment | Tiers]) -> int:
    """32 bits over all definitions in their order, by name and meaning."""
    said = [[type(segment).__name__, segment.name, segment.definition] for segment in segments]
    return int.from_bytes(_digest(said).digest()[:4], "big")


def _digest(said: list[Any]) -> hashlib.blake2b:
    return hashlib.blake2b(json.dumps(said, separators=(",", ":")).encode(), digest_size=8)


def _settings(conditions: list[Condition], engagement: Engagement) -> Any:
    """The engagement settings, for definitions that read engagement; others do not depend on them."""
    if not any(isinstance(leaf, Attr) and leaf.name == "engagement" for condition in conditions for leaf in _leaves(condition)):
        return None
    return [engagement.half_life, sorted((event, weight) for event, weight in engagement.weights.items() if weight)]


def _occasions(conditions: list[Condition], calendar: Calendar) -> list[Any]:
    """The parts of the calendar that the conditions read; nothing where they read none."""
    read = (leaf for condition in conditions for leaf in _leaves(condition) if isinstance(leaf, Attr | Flag))
    names = {leaf.argument or "" for leaf in read if CATALOG[leaf.name].calendar}
    return [calendar.said(name) for name in sorted(names)]


def _said(node: Node) -> Any:
    """A node as nested lists. References count by name: what they name has a hash of its own."""
    if isinstance(node, And | Or):
        parts: list[Any] = []
        for part in node.parts:
            said = _said(part)
            parts.extend(said[1:] if isinstance(part, type(node)) else [said])
        return [type(node).__name__, *parts]
    if isinstance(node, Not):
        return ["Not", _said(node.part)]
    if isinstance(node, Compare):
        return [node.op, _said(node.left), _said(node.right)]
    if isinstance(node, In):
        return ["not in" if node.negated else "in", _said(node.left), sorted({json.dumps(_constant(value)) for value in node.values})]
    if isinstance(node, IsNone):
        return ["is not None" if node.negated else "is None", _said(node.operand)]
    if isinstance(node, Calc):
        return [node.op, _said(node.left), _said(node.right)]
    if isinstance(node, Neg):
        return ["-", _said(node.operand)]
    if isinstance(node, Const):
        return _constant(node.value)
    if isinstance(node, Attr):
        return [node.name, node.window] if node.argument is None else [node.name, node.window, node.argument]
    if isinstance(node, TierOf):
        return ["tier", node.group]
    if isinstance(node, Since):
        return ["since_entered", node.name]
    if isinstance(node, InSegment):
        return ["in_segment", node.name]
    if isinstance(node, Flag):
        return ["flag", node.name] if node.window is None and node.argument is None else ["flag", node.name, node.window, node.argument]
    return node.value


def _constant(value: float | str | bool) -> Any:
    return value if isinstance(value, str | bool) else float(value)


def _leaves(node: Node) -> Iterator[Attr | Flag | InSegment | Since | TierOf]:
    if isinstance(node, Attr | Flag | InSegment | Since | TierOf):
        yield node
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from _leaves(part)
    elif isinstance(node, Not):
        yield from _leaves(node.part)
    elif isinstance(node, Compare | Calc):
        yield from _leaves(node.left)
        yield from _leaves(node.right)
    elif isinstance(node, In):
        yield from _leaves(node.left)
    elif isinstance(node, IsNone | Neg):
        yield from _leaves(node.operand)
    elif isinstance(node, Const | Truth):
        return
