"""The engine's increments equal a recount of the whole history, whatever happened and whatever is asked."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.schema import CartEvent, Event, PageView, Purchase
from scoring.expressions import tree
from scoring.segments.model import DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS, Definitions, Engagement
from tests.properties.beat import on_one_beat, plain_definitions
from tests.properties.driving import Driven, assert_facts, assert_same
from tests.properties.history import DAY, HOUR
from tests.properties.profiles import searching
from tests.properties.recount import Recount, recount
from tests.properties.strategies import NUMBERS, START, definitions, in_order, named, short_gaps

ends = st.sampled_from([0, 1, 3_600_000, DAY, 40 * DAY, 500 * DAY])


@searching(150)
@given(in_order(), definitions(), ends)
def test_increments_equal_a_recount(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))


@searching(600)
@given(on_one_beat, plain_definitions, ends)
def test_increments_equal_a_recount_where_everything_coincides(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))


@searching(60)
@given(in_order(max_size=30, between=short_gaps), definitions(max_size=2), ends)
def test_increments_equal_a_recount_on_a_busy_day(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))


WINDOWED = [
    named(tree.Attr(a.name, a.kind, days * DAY))
    for a in NUMBERS if a.windowed
    for days in (1, 30, 31, 32, 33, 365, 400)
]  # fmt: skip


@pytest.mark.parametrize("stride", [[2 * HOUR, 5 * HOUR], [5 * HOUR, DAY], [DAY, 2 * DAY]], ids=["2h to 5h", "5h to 1d", "1d to 2d"])
def test_counts_of_years_equal_a_recount(stride: list[int]) -> None:
    """Hundreds of events, so that what has left every window is merged and dropped: the counts are as if it was not."""
    chance, ts = Random(1), START
    defined = Definitions((), Engagement(DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS), 1)
    driven, counted = Driven(defined), Recount(defined)
    for n in range(700):
        ts += chance.choice(stride) + chance.randrange(HOUR)
        event = chance.choice([
            PageView("c1", ts, product_id="a", page_type="search"),
            Purchase("c1", ts, f"o{n}", amount=100), Purchase("c1", ts, "r", True, 100),
            CartEvent("c1", ts, "add", product_id="a", quantity=1000), CartEvent("c1", ts, "wishlist_add", product_id="a"),
        ])  # fmt: skip
        event.ts -= DAY if n % 10 == 9 else 0  # late
        driven.event(event)
        counted.arrived.append(event)
        if n % 25 == 24:
            counted.history = counted.history_now()
            assert_facts(driven, counted, WINDOWED, ts + chance.choice([0, HOUR, 20 * DAY, 300 * DAY]))
