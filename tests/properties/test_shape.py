"""What every list of changes looks like, whatever happened; and that trees survive being written down."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given

from scoring.events.schema import Event
from scoring.expressions import tree
from scoring.expressions.parse import parse
from scoring.segments.model import DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS, Definitions, Engagement, Tiers
from tests.properties.driving import Driven
from tests.properties.history import DAY, History
from tests.properties.judge import View, holds, references
from tests.properties.profiles import searching
from tests.properties.recount import own_conditions
from tests.properties.spelling import spell
from tests.properties.strategies import conditions, definitions, gaps, in_order
from tests.properties.test_lateness import reordered

any_arrival = in_order() | reordered().map(lambda both: both[1])


@searching(80)
@given(any_arrival, definitions())
def test_entries_and_exits_alternate_and_come_in_order(events: list[Event], defined: Definitions) -> None:
    changes = Driven(defined).run(events, max(e.ts for e in events) + 40 * DAY).changes
    assert [c.at for c in changes] == sorted(c.at for c in changes)
    tiers = {s.name for s in defined.segments if isinstance(s, Tiers)}
    own = defaultdict(list)
    for change in changes:
        own[change.segment].append(change)
    assert {s.name for s in defined.segments if isinstance(s, Tiers) and s.of is None} <= own.keys()
    for name, theirs in own.items():
        if name in tiers:
            assert [c.kind for c in theirs] == ["moved"] * len(theirs)
            assert [c.episode for c in theirs] == list(range(1, len(theirs) + 1))
            assert [c.from_ for c in theirs] == [None, *(c.to for c in theirs[:-1])]
            assert all(c.from_ != c.to for c in theirs)
        else:
            assert [c.kind for c in theirs] == (["entered", "exited"] * len(theirs))[: len(theirs)]
            assert [c.episode for c in theirs] == [n // 2 + 1 for n in range(len(theirs))]


@searching(80)
@given(in_order(max_size=8), definitions(max_size=5))
def test_dependents_come_after_and_others_in_file_order(events: list[Event], defined: Definitions) -> None:
    """Evaluations at which each segment changes at most once: instants with one event, and deadlines."""
    changes = Driven(defined).run(events, events[-1].ts + 40 * DAY).changes
    place = {segment.name: n for n, segment in enumerate(defined.segments)}
    asks = {segment.name: references(own_conditions(segment)) for segment in defined.segments}
    instants = [e.ts for e in events]
    for one, two in zip(changes, changes[1:], strict=False):
        if (one.at, one.cause) == (two.at, two.cause) and instants.count(one.at) < 2:
            assert two.segment not in asks[one.segment]
            referred_to = any(two.segment != s and one.segment in asks[s] for s in asks)
            assert place[one.segment] < place[two.segment] or referred_to or asks[one.segment] or asks[two.segment]


NAMES: dict[str, list[str] | None] = {"s0": None, "t0": ["high", "low"]}


@searching(150)
@given(conditions(NAMES))
def test_a_condition_written_down_reads_as_the_same(condition: tree.Condition) -> None:
    """Constants are folded and brackets of one kind may join; read and written once more it stays as it is."""
    once = parse(spell(condition), segments={"s0"}, tiers={"t0": ["high", "low"]})
    assert parse(spell(once), segments={"s0"}, tiers={"t0": ["high", "low"]}) == once
    assert references([once]) <= references([condition])


@searching(150)
@given(in_order(max_size=8), conditions({}), gaps)
def test_a_condition_written_down_means_the_same(events: list[Event], condition: tree.Condition, further: int) -> None:
    """Written, parsed and compiled it is true when the tree, judged by hand on the whole history, is."""
    now = events[-1].ts + further
    nobody = Definitions((), Engagement(DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS), 1)
    driven = Driven(nobody).run(events, now)
    assert driven.state is not None
    expected = holds(condition, View(History(events, nobody.engagement), now))
    assert driven.engine.condition(parse(spell(condition)))(driven.state, now) == expected
