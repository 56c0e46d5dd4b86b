"""The engine's increments equal a recount of the whole history, whatever happened and whatever is asked."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scoring.events.schema import CartEvent, Event, PageView, Purchase
from scoring.expressions import tree
from scoring.segments.model import DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS, Definitions, Engagement, Segment
from tests.properties.beat import on_one_beat, plain_definitions
from tests.properties.driving import Driven, assert_same
from tests.properties.history import DAY, HOUR
from tests.properties.profiles import searching
from tests.properties.recount import recount
from tests.properties.strategies import NUMBERS, START, WINDOWS, definitions, in_order, named, short_gaps

ends = st.sampled_from([0, 1, 3_600_000, DAY, 40 * DAY, 500 * DAY])


@searching(200)
@given(in_order(), definitions(), ends)
def test_increments_equal_a_recount(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))


@searching(800)
@given(on_one_beat, plain_definitions, ends)
def test_increments_equal_a_recount_where_everything_coincides(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))


@searching(60)
@given(in_order(max_size=30, between=short_gaps), definitions(max_size=2), ends)
def test_increments_equal_a_recount_on_a_busy_day(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))


counts = st.sampled_from([a for a in NUMBERS if a.windowed]).flatmap(
    lambda a: st.sampled_from([w for w in WINDOWS if w >= DAY]).map(lambda w: named(tree.Attr(a.name, a.kind, w)))
)
strides = st.sampled_from([[HOUR, 2 * HOUR], [5 * HOUR, DAY], [6 * HOUR, DAY, 2 * DAY], [DAY, 3 * DAY]])


@searching(25)
@given(st.randoms(use_true_random=False), strides, counts, st.integers(1, 120), st.integers(1, 120))
def test_increments_equal_a_recount_over_years(random: Random, stride: list[int], count: tree.Attr, some: int, more: int) -> None:
    """Hundreds of events, so that what has left every window is merged and dropped: a customer's counts are as if it was not."""
    ts, events = START, list[Event]()
    for n in range(random.choice([150, 300])):
        ts += random.choice(stride) + random.randrange(HOUR)
        ts += random.choice([30, 100, 390]) * DAY if random.random() < 0.02 else 0
        events.append(random.choice([
            PageView("c1", ts, product_id="a", page_type="search"),
            Purchase("c1", ts, f"o{n}", amount=100), Purchase("c1", ts, "r", True, 100),
            CartEvent("c1", ts, "add", product_id="a", quantity=1000), CartEvent("c1", ts, "wishlist_add", product_id="a"),
        ]))  # fmt: skip
    size = HOUR // 6 if count.kind == "duration" else 1
    levels = [tree.Compare(count, ">=", tree.Const(level * size, count.kind)) for level in (some, more)]
    segments = tuple(Segment(f"s{n}", "other", when, None, 0, 0, "0" * 16) for n, when in enumerate(levels))
    defined = Definitions(segments, Engagement(DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS), 1)
    until = ts + 410 * DAY
    assert_same(Driven(defined).run(events, until), recount(events, defined, until))
