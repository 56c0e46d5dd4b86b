"""`Customer.near`: at a deadline those segments are looked at that time can turn as things are, and no answer is different for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import given

from scoring.engine import Engine
from scoring.events.schema import Event
from scoring.segments.model import Definitions
from scoring.state import NEVER, decode, encode
from tests.contracts.scenario import Story, toml
from tests.properties.driving import Driven
from tests.properties.profiles import searching
from tests.properties.strategies import definitions, gaps, in_order

SHOP = (
    toml("cart_items > 0 and cart_idle >= hours(1)", "abandoned")
    + toml("page_views(hours(5)) >= 2", "looking")
    + toml("since_last_visit >= hours(2)", "away")
)


@contextmanager
def asked(engine: Engine) -> Iterator[list[str]]:
    """The names of the segments that are looked at at deadlines meanwhile."""
    names: list[str] = []
    kept = engine._plans.timed

    def noting(each: tuple[Any, ...]) -> tuple[Any, ...]:
        name = next(one.name for one in engine.steps.by_index if one.step is each[0])

        def step(*given: Any) -> int:
            names.append(name)
            return int(each[0](*given))

        return step, *each[1:]

    engine._plans.timed = lambda *where: tuple(map(noting, kept(*where)))  # type: ignore[method-assign]
    yield names
    engine._plans.timed = kept  # type: ignore[method-assign]


def test_a_deadline_asks_those_that_may_turn() -> None:
    it = Story(SHOP)
    it.page_view("10:00")
    with asked(it.engine) as names:
        it.passes("12:00")
        it.tells("12:00 away entered by deadline")
        assert set(names) == {"away"}
        it.add("13:00")
        it.page_view("13:01")
        names.clear()
        it.passes("14:00")
    it.tells("13:00 away exited by event", "13:01 looking entered by event", "14:00 abandoned entered by deadline")
    assert set(names) == {"abandoned", "looking", "away"}


def test_a_value_that_does_not_say_so_has_all_looked_at() -> None:
    it = Story(SHOP)
    it.page_view("10:00")
    assert it.state is not None
    it.state.near = -1
    it.state = decode(encode(it.state))
    with asked(it.engine) as names:
        it.passes("12:00")
    assert set(names) == {"abandoned", "away"}, "time brings nobody to `looking`"
    assert it.state is not None and it.state.due == NEVER and it.state.near >= 0


class Asking(Driven):
    """Has every segment looked at at every deadline."""

    def until(self, t: int) -> None:
        if self.state is not None:
            self.state.near = -1
        super().until(t)

    def event(self, event: Event) -> bool:
        self.until(event.ts - 1)
        return super().event(event)


@searching(150)
@given(in_order(), definitions(), gaps)
def test_no_answer_is_different_for_it(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert Driven(defined, stored=True).run(events, until).changes == Asking(defined, stored=True).run(events, until).changes
