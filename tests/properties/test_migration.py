"""New definitions for customers who already have a history: memberships are theirs from then on, and no change is told twice."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scoring.engine import Engine
from scoring.events.schema import Event
from scoring.segments.model import Definitions, Segment, Tiers
from scoring.state import decode, encode
from tests.properties.driving import Driven, by_evaluation
from tests.properties.history import DAY
from tests.properties.profiles import searching
from tests.properties.recount import Change, recount
from tests.properties.strategies import definitions, gaps, in_order


def marked(defined: Definitions, mark: str, like: Definitions) -> Definitions:
    """With definitions that tell apart what means something else than it does in `like`, and its engagement: that is folded in already."""
    same = {s.name: s for s in like.segments}
    segments = tuple(s if s == same.get(s.name) else replace(s, definition=f"{n:015}{mark}") for n, s in enumerate(defined.segments))
    return Definitions(segments, like.engagement, fingerprint=hash(segments) & 0xFFFFFFFF)


@searching(60)
@given(in_order(max_size=12), st.data(), gaps)
def test_new_definitions_hold_from_then_on(events: list[Event], data: st.DataObject, further: int) -> None:
    older = data.draw(definitions(max_size=3), "older")
    newer = marked(data.draw(definitions(with_history=False, max_size=4), "newer"), "b", older)
    cut = data.draw(st.integers(1, len(events)), "cut")
    driven = Driven(older, stored=True).run(events[:cut], events[cut - 1].ts)
    assert driven.state is not None
    between = events[cut].ts - 1 if cut < len(events) else events[-1].ts + further
    now = data.draw(st.sampled_from([events[cut - 1].ts, (events[cut - 1].ts + between) // 2]), "now")
    driven.until(now)
    engine, told = Engine(newer), len(driven.out)
    engine.migrate(driven.state, driven.engine, now, driven.out)
    migration = driven.out[told:]
    assert {entry[6] for entry in migration} <= {3} and {entry[5] for entry in migration} <= {max(now, driven.state.at)}
    for entry in migration:
        engine.render(entry, "c1", None)
    counted_then = recount(events[:cut], newer, now)
    assert engine.memberships(driven.state) == counted_then.memberships
    # and from there on as if there had been no others
    after, driven.out = driven.engine, []
    driven.engine, driven.state = engine, decode(encode(driven.state))
    until = events[-1].ts + further
    driven.run(events[cut:], until)
    expected = list(recount(events, newer, until).changes[len(counted_then.changes) :])
    assert uncounted(driven.changes) == uncounted(expected)
    assert after is not engine


def uncounted(changes: list[Change]) -> list[Change]:
    return [change._replace(episode=0) for change in by_evaluation(changes)]


@searching(60)
@given(in_order(max_size=10), st.data())
def test_no_change_comes_twice_and_entries_alternate(events: list[Event], data: st.DataObject) -> None:
    """Over any number of new definitions: a segment may go, come back, change its meaning or become a group of tiers."""
    steps = data.draw(st.lists(definitions(max_size=3), min_size=2, max_size=4), "definitions")
    driven = Driven(steps[0])
    told: list[tuple[str, str, int]] = []
    inside: dict[str, bool] = {}

    def take() -> None:
        for entry in driven.out:
            index, kind, episode = entry[1], ("entered", "exited", "moved")[entry[2]], entry[7]
            name = entry[8][0] if index < 0 else driven.engine.names[index]
            told.append((name, kind, episode))
            if kind != "moved":
                assert inside.get(name, False) == (kind == "exited")
                inside[name] = kind == "entered"
        driven.out.clear()

    for n, event in enumerate(events):
        driven.event(event)
        take()
        if data.draw(st.booleans(), "new definitions"):
            newer = marked(data.draw(st.sampled_from(steps), "which"), f"{n % 10}", steps[0])
            engine, older = Engine(newer), driven.engine
            assert driven.state is not None
            engine.migrate(driven.state, older, event.ts, driven.out)
            driven.engine = engine
            driven.state = decode(encode(driven.state))
            take()
    driven.until(events[-1].ts + 40 * DAY)
    take()
    assert len(set(told)) == len(told)
    kinds = {s.name: isinstance(s, Tiers) for s in driven.engine.definitions.segments}
    members = driven.memberships
    assert all(inside.get(name, False) == members[name] for name, tiers in kinds.items() if not tiers)
    assert all(isinstance(s, Segment | Tiers) for s in driven.engine.definitions.segments)
