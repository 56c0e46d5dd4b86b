"""The engine driven as its drivers do, and what came out in the recount's terms."""

from __future__ import annotations

from collections.abc import Iterable

from scoring.engine import Engine
from scoring.engine.changes import CAUSES
from scoring.engine.telling import KINDS
from scoring.events.schema import Event
from scoring.expressions import tree
from scoring.segments.model import Definitions
from scoring.state import Customer, decode, encode
from tests.properties.recount import LATENESS, Change, Recount


class Driven:
    """One customer and the engine; `stored` keeps the state encoded between calls, as after a restart."""

    def __init__(self, definitions: Definitions, stored: bool = False, lateness: int = LATENESS) -> None:
        self.engine = Engine(definitions, lateness=lateness)
        self.state: Customer | None = None
        self.stored = stored
        self.out: list[list] = []

    def event(self, event: Event) -> bool:
        """False if the engine took it for a repeat."""
        before = self.state
        after = self.engine.event(before, event, self.out)
        if after is None:
            return False
        self.state = decode(encode(after)) if self.stored else after
        return True

    def until(self, t: int) -> None:
        if self.state is not None:
            self.engine.until(self.state, t, self.out)
            if self.stored:
                self.state = decode(encode(self.state))

    def run(self, events: Iterable[Event], until: int) -> Driven:
        for event in events:
            self.event(event)
        self.until(until)
        return self

    @property
    def changes(self) -> list[Change]:
        return [
            Change(self.engine.names[index], KINDS[kind], from_, to, at, CAUSES[cause], episode)
            for _, index, kind, from_, to, at, cause, episode, _ in self.out
        ]

    @property
    def memberships(self) -> dict[str, bool | str]:
        return self.engine.memberships(self.state) if self.state is not None else {}


def assert_same(driven: Driven, counted: Recount) -> None:
    """The same changes in the same evaluations, and the same memberships at the end."""
    assert by_evaluation(driven.changes) == by_evaluation(counted.changes)
    assert driven.memberships == counted.memberships


def by_evaluation(changes: list[Change]) -> list[Change]:
    """Within one instant and cause the order between unrelated segments is looked at elsewhere; a segment's own order is kept."""
    return sorted(changes, key=lambda c: (c.at, c.cause == "deadline", c.segment))


def assert_facts(driven: Driven, counted: Recount, attributes: Iterable[tree.Attr], now: int) -> None:
    """Every attribute has the recount's value at `now`, asked of the engine as a definition would."""
    assert driven.state is not None and counted.history is not None
    for attribute in attributes:
        value = counted.history.value(attribute.name, attribute.window, now)
        condition = is_value(attribute, value)
        assert driven.engine.condition(condition)(driven.state, now), f"{attribute.text or attribute.name} is not {value}"


def is_value(attribute: tree.Attr, value: float | bool | str | None) -> tree.Condition:
    """A condition that only this value meets; what decays may differ by 1e-9 of it."""
    if value is None:
        return tree.IsNone(attribute)
    if isinstance(value, bool):
        return tree.Flag(attribute.name) if value else tree.Not(tree.Flag(attribute.name))
    slack = 1e-9 * abs(value) + 1e-300 if attribute.name == "engagement" else 0.0
    low, high = tree.Const(value - slack, attribute.kind), tree.Const(value + slack, attribute.kind)
    return tree.And((tree.Compare(attribute, ">=", low), tree.Compare(attribute, "<=", high)))
