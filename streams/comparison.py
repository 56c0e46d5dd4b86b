"""Two files of definitions on the same customers: who is in and out, what a worker would tell when it takes the new one up, changes a day.

Who is in under the new definitions is who would be had they always been in force: `hold_for`, `cooldown`, `settle` and `exit_when` look
back, and begun anew at a deployment they would hide the customers a segment is for. What is told at once is another question, answered by
the engine's own migration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from scoring.engine import Engine
from scoring.engine.steps import Entry
from scoring.state import Customer
from streams.membership import inside, rows, standing

#: What became of a row's definition. A change of what it refers to is none of its own.
SAME, CHANGED, NEW, GONE = "same", "changed", "new", "gone"


class _Change(msgspec.Struct, rename={"come_from": "from"}):
    segment: str
    kind: str
    come_from: str | None
    to: str | None


_decode = msgspec.json.Decoder(_Change).decode


@dataclass(slots=True)
class Flow:
    """Changes, counted by kind and by the row they brought a customer into or took one out of. A move counts in both its tiers."""

    kinds: Counter[str] = field(default_factory=Counter)
    into: Counter[str] = field(default_factory=Counter)
    out_of: Counter[str] = field(default_factory=Counter)

    def __call__(self, at: int, record: bytes) -> None:
        """Counts one, as `Replay` tells it."""
        change = _decode(record)
        self.kinds[change.kind] += 1
        if change.kind == "entered":
            self.into[change.segment] += 1
        elif change.kind == "exited":
            self.out_of[change.segment] += 1
        else:
            for tier, counter in ((change.to, self.into), (change.come_from, self.out_of)):
                if tier is not None:
                    counter[f"{change.segment}.{tier}"] += 1

    def of(self, row: str) -> int:
        return self.into[row] + self.out_of[row]

    @property
    def all(self) -> int:
        return self.kinds.total()


class Pair(NamedTuple):
    """A number of each file; None where it does not have the row."""

    old: int | None
    new: int | None


class Row(NamedTuple):
    """A segment, or a tier as `group.tier`. `come` and `go` are customers, by comparing the members."""

    name: str
    definition: str
    customers: Pair
    come: int
    go: int
    entering: int  # at once, when a worker takes the new definitions up
    leaving: int
    changes: Pair  # over all the time

    @property
    def unchanged(self) -> bool:
        moved = self.come or self.go or self.entering or self.leaving or self.changes.old != self.changes.new
        return self.definition == SAME and not moved


class Difference(NamedTuple):
    """In or out, or the tier; of groups that a file has not, or robots, None."""

    segment: str
    old: bool | str | None
    new: bool | str | None


class Comparison:
    """`old_flow` and `new_flow` are what the two replays tell their changes to; then `customer` takes every customer at their end."""

    def __init__(self, older: Engine, newer: Engine) -> None:
        self.old_flow, self.new_flow, self.at_once = Flow(), Flow(), Flow()
        self.customers = 0
        self.changed_at_once = 0  # customers
        self._older, self._newer = older, newer
        self._old, self._new = rows(older.definitions), rows(newer.definitions)
        self._members: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        self._come: Counter[str] = Counter()
        self._go: Counter[str] = Counter()

    def customer(self, customer_id: str, old: Customer, new: Customer, now: int) -> list[Difference]:
        """A customer's two states at the end, `now`; what differs. The old one is used up: it is taken over to the new definitions."""
        before, after = standing(self._older, old), standing(self._newer, new)
        was, is_now = set(inside(before)), set(inside(after))
        self.customers += 1
        self._members[0].update(was)
        self._members[1].update(is_now)
        self._come.update(is_now - was)
        self._go.update(was - is_now)
        told: list[Entry] = []
        self._newer.migrate(old, self._older, now, told)
        self.changed_at_once += bool(told)
        for entry in told:
            self.at_once(now, self._newer.render(entry, customer_id, None)[1])
        return list(_differences(before, after))

    def rows(self) -> list[Row]:
        """In the order of the new file; what it has no more stands where it stood in the old one."""
        order, place = list(self._new), 0
        for name in self._old:
            if name in self._new:
                place = order.index(name) + 1
            else:
                order.insert(place, name)
                place += 1
        return [self._row(name) for name in order]

    def _row(self, name: str) -> Row:
        old, new = self._old.get(name), self._new.get(name)
        if old is None or new is None:
            definition = NEW if old is None else GONE
        else:
            definition = SAME if old.definition == new.definition else CHANGED
        flow = self.at_once
        return Row(
            name, definition, self._pair(name, self._members[0][name], self._members[1][name]), self._come[name], self._go[name],
            flow.into[name], flow.out_of[name], self._pair(name, self.old_flow.of(name), self.new_flow.of(name)),
        )  # fmt: skip

    def _pair(self, name: str, old: int, new: int) -> Pair:
        return Pair(old if name in self._old else None, new if name in self._new else None)


def _differences(before: dict[str, bool | str | None], after: dict[str, bool | str | None]) -> Iterator[Difference]:
    """Of a segment that a file has not everybody is out."""
    for name in before | after:
        old, new = before.get(name), after.get(name)
        if old is None and isinstance(new, bool):
            old = False
        if new is None and isinstance(old, bool):
            new = False
        if old != new:
            yield Difference(name, old, new)
