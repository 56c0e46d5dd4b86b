"""What a definition reads and how time alone can change it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scoring.expressions.tree import And, Attr, Compare, Condition, Const, Flag, InSegment, Not, Or, Since
from scoring.expressions.types import span_text
from scoring.segments.identity import attributes
from scoring.segments.model import Segment, Tiers
from scoring.traits.catalog import CATALOG


@dataclass(frozen=True, slots=True)
class Summary:
    """One definition. `reads` are attributes as the language writes them; `time` is empty where only events matter."""

    name: str
    family: str
    kind: str
    reads: tuple[str, ...]
    time: tuple[str, ...]


def summarize(definition: Segment | Tiers) -> Summary:
    """A definition in words."""
    conditions = _conditions(definition)
    leaves = dict.fromkeys(leaf for condition in conditions for leaf in attributes(condition))
    reads: list[str] = []
    time: list[str] = []
    for leaf in leaves:
        if isinstance(leaf, Attr):
            reads.append(leaf.text)
            time.extend(_of_attribute(leaf, conditions))
        elif isinstance(leaf, Flag):
            reads.append(leaf.text or leaf.name)
            time.extend(_steps(leaf))
        elif isinstance(leaf, Since):
            reads.append(f'since_entered("{leaf.name}")')
            time.extend(_past(leaf, f"since_entered {leaf.name}", conditions))
        else:
            name = f'in_segment("{leaf.name}")' if isinstance(leaf, InSegment) else f'tier("{leaf.group}")'
            reads.append(name)
            time.append("with what it refers to")
    if definition.settle:
        time.append(f"settles in {short_span(definition.settle)}")
    if isinstance(definition, Tiers):
        kind = f"tiers{'' if definition.of is None else ' of some'}: {' > '.join(tier.name for tier in definition.tiers)}"
    else:
        kind = "segment"
        spans = (("held for", definition.hold_for), ("cooldown", definition.cooldown))
        time.extend(f"{word} {short_span(length)}" for word, length in spans if length)
    return Summary(definition.name, definition.family, kind, tuple(reads), tuple(dict.fromkeys(time)))


def short_span(milliseconds: float) -> str:
    """A span as a definition file writes it: `90m`, `7d`."""
    unit, amount = span_text(milliseconds).rstrip(")").split("(")
    return amount + unit[0]


def _conditions(definition: Segment | Tiers) -> list[Condition]:
    if isinstance(definition, Tiers):
        return definition.conditions
    return [definition.when] if definition.exit_when is None else [definition.when, definition.exit_when]


def _of_attribute(attribute: Attr, conditions: list[Condition]) -> list[str]:
    return _past(attribute, attribute.name, conditions) if CATALOG[attribute.name].moves else _steps(attribute)


def _steps(read: Attr | Flag) -> list[str]:
    attribute = CATALOG[read.name]
    if attribute.change != "steps" or (attribute.windowed and read.window is None and not attribute.timed_alone):
        return []
    return ["as windows pass"] if attribute.windowed and not attribute.timed_alone else [f"as {read.text or read.name} does"]


def _past(attribute: Attr | Since, name: str, conditions: list[Condition]) -> list[str]:
    limits = dict.fromkeys(limit for condition in conditions for limit in _limits(attribute, condition))
    return [f"{name} past {', '.join(limits)}"] if limits else []


def _limits(attribute: Attr | Since, condition: Condition) -> Iterator[str]:
    """The constants a growing or decaying attribute is compared with."""
    if isinstance(condition, And | Or):
        for part in condition.parts:
            yield from _limits(attribute, part)
    elif isinstance(condition, Not):
        yield from _limits(attribute, condition.part)
    elif isinstance(condition, Compare) and condition.left == attribute and isinstance(condition.right, Const):
        value = condition.right.value
        if not isinstance(value, str):
            yield short_span(value) if attribute.kind == "duration" else f"{value:g}"
