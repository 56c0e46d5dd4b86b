"""Who is in what, as tables count it: a row a segment, and `group.tier` for a tier. A robot is in the segment of robots alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scoring.engine import Engine
from scoring.segments.model import Definitions, Segment, Tiers
from scoring.state import Customer


def rows(definitions: Definitions) -> dict[str, Segment | Tiers]:
    """By row what defines it, in the order of the definitions."""
    found: dict[str, Segment | Tiers] = {}
    for each in definitions.segments:
        for name in (each.name,) if isinstance(each, Segment) else (f"{each.name}.{tier.name}" for tier in each.tiers):
            found[name] = each
    return found


def standing(engine: Engine, state: Customer) -> dict[str, bool | str | None]:
    """By segment: counted in it or not; by group: the name of the tier. A robot is in no tier: None."""
    found: dict[str, bool | str | None] = {**engine.memberships(state)}
    robots = engine.definitions.robots
    if robots is not None and found[robots]:
        return {name: name == robots if isinstance(member, bool) else None for name, member in found.items()}
    return found


def inside(standing: dict[str, bool | str | None]) -> Iterator[str]:
    """The rows that a customer of this standing counts in."""
    for name, member in standing.items():
        if member is True:
            yield name
        elif member:
            yield f"{name}.{member}"


def membership(engine: Engine, customers: Iterable[Customer]) -> dict[str, int]:
    """How many customers each row has, in the order of the definitions."""
    counts = dict.fromkeys(rows(engine.definitions), 0)
    for state in customers:
        for row in inside(standing(engine, state)):
            counts[row] += 1
    return counts
