"""Events that arrive out of order, within the lateness window and beyond it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scoring.events.schema import Event, Purchase
from scoring.expressions import tree
from scoring.segments.model import Definitions
from scoring.traits.catalog import CORE
from tests.properties.beat import on_one_beat, plain_definitions
from tests.properties.driving import Driven, assert_facts, assert_same
from tests.properties.history import DAY, HOUR
from tests.properties.profiles import searching
from tests.properties.recount import Recount, recount
from tests.properties.strategies import WINDOWS, definitions, gaps, in_order, short_gaps

#: Every attribute there is, lifetime and in windows small and large.
EVERYTHING = [
    tree.Attr(a.name, a.kind, window, f"{a.name}({window})")
    for a in CORE.values()
    for window in [None, *(w for w in (WINDOWS if a.windowed else []) if not (a.whole_days and w % DAY))]
]
BEFORE_A_DAY = st.sampled_from([0, 0, 1, HOUR, 12 * HOUR, DAY]) | st.integers(0, DAY)


mixed = in_order(max_size=12, between=gaps | short_gaps)


@st.composite
def reordered(draw: st.DrawFn, ordered: st.SearchStrategy[list[Event]] = mixed) -> tuple[list[Event], list[Event]]:
    """(in order, as they arrive): none arrives after one that is more than a day younger."""
    events = draw(ordered)
    orders = [e.ts for e in events if isinstance(e, Purchase)]
    for event in events:  # some orders are told of more than once; of two at one instant that are both replaced nothing is promised
        if isinstance(event, Purchase) and orders.count(event.ts) == 1 and draw(st.integers(0, 2)) == 0:
            event.order_id = draw(st.sampled_from(["o", "oo"]))
    delays = [draw(BEFORE_A_DAY) for _ in events]
    arrival = sorted(range(len(events)), key=lambda i: (events[i].ts + delays[i], draw(st.integers(0, 3))))
    # Within one topic equal instants keep their order: it is the order of offsets.
    arrived: list[Event] = []
    for i in arrival:
        event = events[i]
        twins = [e for e in events if (e.ts, e.rank) == (event.ts, event.rank) and not any(e is a for a in arrived)]
        arrived.append(twins[0])
    return events, arrived


@searching(70)
@given(reordered(), definitions(with_history=False), gaps)
def test_reordering_within_lateness_ends_the_same(events: tuple[list[Event], list[Event]], defined: Definitions, further: int) -> None:
    ordered, arrived = events
    until = ordered[-1].ts + further
    driven, counted = Driven(defined).run(arrived, until), recount(ordered, defined, until)
    assert driven.memberships == counted.memberships
    assert_facts(driven, counted, EVERYTHING, until)


@searching(150)
@given(reordered() | reordered(on_one_beat), definitions() | plain_definitions, st.data())
def test_late_events_give_the_changes_of_a_recount(
    events: tuple[list[Event], list[Event]], defined: Definitions, data: st.DataObject
) -> None:
    """Also with hold_for, cooldown and exit_when, time passing in between, and restarts: every change, its cause and instant."""
    ordered, arrived = events
    until, newest = ordered[-1].ts + data.draw(gaps, "further"), 0
    driven, counted = Driven(defined, stored=data.draw(st.booleans(), "stored")), Recount(defined)
    for event in arrived:
        assert driven.event(event) == counted.event(event)
        newest = max(newest, event.ts)
        if data.draw(st.booleans(), "let time pass"):
            driven.until(newest)
            counted.until(newest)
    driven.until(until)
    counted.until(until)
    assert_same(driven, counted)


#: What an event beyond the lateness window still counts in. Sessions that long past are kept in sum only.
COUNTED = [a for a in EVERYTHING if a.name not in ("sessions", "time_on_site")]


@searching(80)
@given(in_order(max_size=10), definitions(with_history=False, max_size=2), st.data())
def test_beyond_lateness_events_count_but_leave_the_cart(events: list[Event], defined: Definitions, data: st.DataObject) -> None:
    arrived, lateness = data.draw(st.permutations(events), "arrived"), data.draw(st.sampled_from([0, HOUR, DAY]), "lateness")
    until = events[-1].ts + HOUR
    driven, counted = Driven(defined, lateness=lateness), Recount(defined, lateness)
    for event in arrived:
        driven.event(event)
        counted.event(event)
    driven.until(until)
    counted.until(until)
    assert_facts(driven, counted, COUNTED, until)
