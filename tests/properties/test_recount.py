"""The engine's increments equal a recount of the whole history, whatever happened and whatever is asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scoring.events.schema import Event
from scoring.segments.model import Definitions
from tests.properties.driving import Driven, assert_same
from tests.properties.history import DAY
from tests.properties.profiles import searching
from tests.properties.recount import recount
from tests.properties.strategies import definitions, in_order, short_gaps

ends = st.sampled_from([0, 1, 3_600_000, DAY, 40 * DAY, 500 * DAY])


@searching(250)
@given(in_order(), definitions(), ends)
def test_increments_equal_a_recount(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))


@searching(120)
@given(in_order(max_size=30, between=short_gaps), definitions(max_size=2), ends)
def test_increments_equal_a_recount_on_a_busy_day(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))
