"""What every trait must hold, whatever happens: `Trial` folds a history in order, late, and as two customers who are joined, and compares
each with a naive recount; and lets time pass to see that answers change at the very instant.

    def naive(rows, now):                       # from the docstring, over the whole history (rows up to now, in order of ts)
        return {"shares(days(7))": …, "favourite": …}

    ROWS = [row("page_view", feature=st.sampled_from(["share", "zoom"])), row("purchase", total=st.integers(1, 99))]

    @given(histories(ROWS), st.randoms(use_true_random=False))
    def test_in_any_order(rows, dice):
        Trial(rows, naive, conditions=["shares(days(7)) >= 2"]).holds(dice)

Rows are JSON objects as files have them, without customer_id; `ts` is epoch ms. Values are as in a change's `attributes`, but durations
in ms.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st

from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.expressions.parse import parse
from scoring.expressions.scope import Scope
from scoring.expressions.source import Source
from scoring.expressions.tree import Condition
from scoring.expressions.values import value
from scoring.merge.join import join
from scoring.segments.read import read
from scoring.state import NEVER, Customer, decode, encode
from tests.contracts.scenario import BEGIN, DAY, toml

Row = dict[str, Any]
Naive = Callable[[list[Row], int], dict[str, Any]]

#: No state may grow beyond this, whatever a robot does.
LARGEST = 60_000


def row(event_type: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Row]:
    """Rows of an event type with some of the fields."""
    return st.fixed_dictionaries({"event_type": st.just(event_type)}, optional=fields)


@st.composite
def histories(draw: st.DrawFn, rows: Sequence[st.SearchStrategy[Row]], days: int = 60, most: int = 12) -> list[Row]:
    """Rows over so many days, in order of `ts`, no two at one instant; orders have ids of their own."""
    instants = draw(st.lists(st.integers(0, days * DAY // 1000), min_size=1, max_size=most, unique=True))
    found = []
    for n, at in enumerate(sorted(instants)):
        one = draw(st.one_of(*rows)) | {"ts": BEGIN + at * 1000}
        if one["event_type"] in ("purchase", "refund"):
            one.setdefault("order_id", f"o{n}")
        if one["event_type"].startswith("email_"):
            one.setdefault("message_id", f"m{n}")
        found.append(one)
    return found


class Trial:
    """`definitions`: further TOML the trait reads. `conditions`: must change at the right instants. `exact`: how far numbers may differ."""

    def __init__(
        self, rows: Sequence[Row], naive: Naive, conditions: Sequence[str] = (), definitions: str = "", exact: float = 1e-9
    ) -> None:
        self.exact = exact
        self.rows = list(rows)
        self.naive = naive
        segments = [toml(text, f"s{n}") for n, text in enumerate(conditions)] or [toml("page_views < 0", "nobody")]
        self.engine = Engine(read("".join(segments) + definitions))
        self.conditions = [self.engine.condition(parse(text)) for text in conditions]
        self._readers: dict[str, Callable[[Customer, int], Any]] = {}

    def holds(self, dice: Random, later: Sequence[int] = (0, 1, DAY // 3, 8 * DAY, 45 * DAY, 400 * DAY)) -> None:
        end = self.rows[-1]["ts"]
        nows = [end + after + (dice.randrange(DAY) if after else 0) for after in later]
        in_order = self.folded(self.rows)
        self.compare(in_order, nows, "in order")
        late = sorted(self.rows, key=lambda one: one["ts"] + dice.randrange(DAY))
        self.compare(self.folded(late), nows, f"as {[one['ts'] - BEGIN for one in late]}")
        mine = [one for one in self.rows if dice.random() < 0.5]
        theirs = [one for one in self.rows if one not in mine]
        if mine and theirs:
            s, f = self.folded(mine), self.folded(theirs)
            join(s, f, self.engine.definitions.engagement, DAY)
            self.compare(decode(encode(s)), nows, f"joined, {[one['ts'] - BEGIN for one in theirs]} being the other's")
        self.in_time(dice, max(nows))
        assert len(encode(in_order)) < LARGEST

    def folded(self, rows: Sequence[Row]) -> Customer:
        """The state after the rows as they come, stored and read again after each."""
        state: Customer | None = None
        for one in rows:
            event = from_row(one | {"customer_id": "c1"}, whole=self.engine.whole)
            taken = self.engine.event(state, event, [])
            state = taken if taken is not None else state
            state = decode(encode(state)) if state is not None else None
        assert state is not None
        return state

    def compare(self, s: Customer, nows: Sequence[int], how: str) -> None:
        for now in nows:
            for text, expected in self.naive(self.rows, now).items():
                found = self.read(text)(s, now)
                if isinstance(expected, float) and found is not None:
                    assert found == pytest.approx(expected, rel=self.exact, abs=self.exact), f"{text}, {how}, at {now - BEGIN}"
                else:
                    assert found == expected, f"{text}, {how}, at {now - BEGIN}"
                    assert (found.__class__ is bool) == (expected.__class__ is bool), f"{text} must be a bool, or none"

    def in_time(self, dice: Random, end: int) -> None:
        """Memberships by the deadlines against the conditions asked afresh: at every change and just before, and now and then."""
        state: Customer | None = None
        for n, one in enumerate(self.rows):
            taken = self.engine.event(state, from_row(one | {"customer_id": "c1"}, whole=self.engine.whole), [])
            assert taken is not None
            state = taken
            until = self.rows[n + 1]["ts"] - 1 if n + 1 < len(self.rows) else end
            self.agree(state, state.at)
            for _ in range(200):
                if state.due > until or state.due >= NEVER:
                    break
                due = state.due
                self.agree(state, dice.randint(state.at, due - 1))
                self.agree(state, due - 1)
                self.engine.until(state, due, [])
                self.agree(state, due)
            for _ in range(4):
                if min(state.due - 1, until) > state.at:
                    self.agree(state, dice.randint(state.at, min(state.due - 1, until)))

    def agree(self, s: Customer, now: int) -> None:
        for n, condition in enumerate(self.conditions):
            member = bool(s.members & (1 << n))  # type: ignore[operator]
            assert condition(s, now) == member, f"s{n}: {'in' if member else 'out'} at {now - BEGIN}, next look at {s.due - BEGIN}"

    def read(self, text: str) -> Callable[[Customer, int], Any]:
        """An attribute as definitions write it: (state, now) -> its value."""
        if text not in self._readers:
            node = value(ast.parse(text, mode="eval").body, Scope(Source(text), frozenset(), {}))
            assert node is not None, f"{text}: no such attribute"
            if node.kind == "boolean":
                self._readers[text] = self.engine.condition(_condition(text))
            else:
                scope: dict[str, Any] = {}
                expr = self.engine.steps.compiler.value(node).expr
                exec(f"def read(s, now):\n return {expr}", self.engine.steps._namespace, scope)
                self._readers[text] = scope["read"]
        return self._readers[text]


def _condition(text: str) -> Condition:
    return parse(text)
