"""What must leave no trace: how time passes, restarts, repeats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scoring.engine import Engine
from scoring.events.schema import Event, Purchase
from scoring.segments.model import Definitions
from scoring.state import decode, encode
from tests.properties.beat import beats, on_one_beat, plain_definitions
from tests.properties.driving import Driven, assert_same
from tests.properties.history import DAY
from tests.properties.profiles import searching
from tests.properties.recount import recount
from tests.properties.strategies import definitions, gaps, in_order

pauses = st.lists(st.floats(0, 1, exclude_max=True), max_size=3)


@searching(150)
@given(in_order() | on_one_beat, definitions() | plain_definitions, st.data())
def test_any_passing_of_time_and_any_restart(events: list[Event], defined: Definitions, data: st.DataObject) -> None:
    until = events[-1].ts + 40 * DAY
    driven = Driven(defined, stored=data.draw(st.booleans(), "stored"))
    for event, following in zip(events, [e.ts for e in events[1:]] + [until], strict=True):
        driven.event(event)
        for part in sorted(data.draw(pauses, "pauses")):
            driven.until(event.ts + int((following - event.ts) * part))
    driven.until(until)
    assert_same(driven, recount(events, defined, until))


@searching(60)
@given(in_order(), definitions(), gaps)
def test_state_is_the_same_after_a_restart(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    kept, stored = Driven(defined).run(events, until), Driven(defined, stored=True).run(events, until)
    assert kept.out == stored.out
    assert kept.state is not None and stored.state is not None and encode(kept.state) == encode(stored.state)


@searching(150)
@given(on_one_beat, plain_definitions, st.lists(beats, min_size=1, max_size=6))
def test_quiet_firings_need_not_be_stored(events: list[Event], defined: Definitions, steps: list[int]) -> None:
    """Where `until` says that nothing changed, the state from before it gives the same afterwards."""
    engine, out, state, now = Engine(defined), [], None, events[-1].ts
    for event in events:
        state = engine.event(state, event, out) or state
    assert state is not None
    stored = encode(state)
    for step in steps:
        now += step
        before = len(out)
        if engine.until(state, now, out):
            stored = encode(state)
        else:
            assert len(out) == before
            state = decode(stored)
    assert out == Driven(defined).run(events, now).out


@searching(70)
@given(in_order(max_size=10), definitions(max_size=3), st.data())
def test_repeats_change_nothing(events: list[Event], defined: Definitions, data: st.DataObject) -> None:
    """Copies of events somewhere after the original, by event id or by order id; 24 hours and 32 ids on they count again."""
    sent = list(events)
    for n, event in enumerate(events):
        event.event_id = data.draw(st.sampled_from([f"e{n}", f"e{n}", "x", "y", None]), "event_id")
    for _ in range(data.draw(st.integers(1, 4), "copies")):
        original = data.draw(st.sampled_from(events), "original")
        copied = decode_copy(original)
        copied.ts += data.draw(st.sampled_from([0, 0, 1, DAY - 1, DAY, DAY + 1]) | gaps, "later")
        if data.draw(st.booleans(), "without event_id"):
            copied.event_id = None
        sent.append(copied)
    sent.sort(key=lambda e: (e.ts, e.rank))
    until = sent[-1].ts + DAY
    counted = recount(sent, defined, until)
    driven = Driven(defined)
    accepted = [event for event in sent if driven.event(event)]
    driven.until(until)
    assert [id(e) for e in accepted] == [id(e) for e in counted.arrived]
    assert_same(driven, counted)


def decode_copy(event: Event) -> Event:
    """Another struct with the same content."""
    return type(event)(**{name: getattr(event, name) for name in event.__struct_fields__})


@searching(40)
@given(in_order(), definitions(), gaps)
def test_a_state_before_and_after_a_repeat_is_the_same_bytes(events: list[Event], defined: Definitions, later: int) -> None:
    engine, out, state = Engine(defined), [], None
    for n, event in enumerate(events):
        event.event_id = f"e{n}"
        state = engine.event(state, event, out) or state
    assert state is not None
    before, entries = encode(state), len(out)
    again = decode_copy(events[-1])
    again.ts += min(later, DAY)
    assert engine.event(state, again, out) is None
    placed = [e for e in events if isinstance(e, Purchase) and not e.refunded]
    if placed:
        again = decode_copy(placed[0])
        again.ts, again.event_id = events[-1].ts + later, None
        assert engine.event(state, again, out) is None
    assert (encode(state), len(out)) == (before, entries)
