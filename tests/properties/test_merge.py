"""Two ids joined are as one id that did everything."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from scoring.events.schema import Event, Profile, Purchase
from scoring.expressions import tree
from scoring.merge.join import join
from scoring.segments.model import DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS, Definitions, Engagement
from scoring.state import Customer, decode, encode
from scoring.traits.catalog import CORE
from tests.properties.driving import Driven, is_value
from tests.properties.history import DAY, History
from tests.properties.profiles import searching
from tests.properties.recount import LATENESS
from tests.properties.strategies import WINDOWS, in_order, named, short_gaps

DEFINED = Definitions((), Engagement(DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS), 1)
ATTRIBUTES = [named(tree.Attr(each.name, each.kind, None)) for each in CORE.values()] + [
    named(tree.Attr(each.name, each.kind, max(1, window // DAY) * DAY if each.whole_days else window))
    for each in CORE.values() if each.windowed for window in WINDOWS
]  # fmt: skip
#: Exact only for what happened within the lateness window before the merge.
OF_THE_WINDOW = {"sessions", "time_on_site", "cart_items", "cart_value", "cart_idle", "checkout_open"}


def split(events: list[Event], sides: list[bool]) -> tuple[list[Event], list[Event]]:
    """By id; events of one instant stay together, since no order between two ids is known for them."""
    which: dict[int, bool] = {}
    for event, side in zip(events, sides, strict=True):
        which.setdefault(event.ts, side)
    return [e for e in events if which[e.ts]], [e for e in events if not which[e.ts]]


def joined(mine: list[Event], theirs: list[Event]) -> tuple[Driven, Customer]:
    staying, going = (Driven(DEFINED, stored=True).run(events, events[-1].ts) for events in (mine, theirs))
    assert staying.state is not None and going.state is not None
    join(staying.state, decode(encode(going.state)), DEFINED.engagement, LATENESS)
    staying.state = decode(encode(staying.state))
    return staying, going.state


def assert_united(driven: Driven, history: History, now: int, left_out: set[str]) -> None:
    assert driven.state is not None
    for attribute in ATTRIBUTES:
        if attribute.name in left_out:
            continue
        value = history.value(attribute.name, attribute.window, now)
        holds = driven.engine.condition(is_value(attribute, value))(driven.state, now)
        assert holds, f"{attribute.text or attribute.name} is not {value}"


def sided(max_size: int, **options: object) -> st.SearchStrategy[tuple[list[Event], list[bool]]]:
    return in_order(max_size=max_size, **options).flatmap(  # type: ignore[arg-type]
        lambda events: st.tuples(st.just(events), st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    )


@searching(80)
@given(sided(24, between=short_gaps), st.integers(0, 3))
def test_what_happened_within_the_window_is_as_if_one_had_done_it(told: tuple[list[Event], list[bool]], twice: int) -> None:
    events, sides = told
    assume(events[-1].ts - events[0].ts < LATENESS)
    orders = [e for e in events if isinstance(e, Purchase) and not e.refunded]
    for order in orders[1 : 1 + twice]:  # told under both ids, perhaps
        order.order_id = orders[0].order_id
    mine, theirs = split(events, sides)
    assume(mine and theirs)
    driven, _ = joined(mine, theirs)
    # A consent under one id does not overrule the refusal under the other: asked apart below.
    assert_united(driven, History(events, DEFINED.engagement), events[-1].ts, {"email_consent"})


@searching(60)
@given(sided(16), st.sampled_from([0, 1, DAY, 40 * DAY]))
def test_of_older_histories_all_but_sessions_and_carts(told: tuple[list[Event], list[bool]], further: int) -> None:
    events, sides = told
    mine, theirs = split(events, sides)
    assume(mine and theirs)
    driven, _ = joined(mine, theirs)
    assert_united(driven, History(events, DEFINED.engagement), events[-1].ts + further, OF_THE_WINDOW | {"email_consent"})


@searching(60)
@given(sided(20, between=short_gaps), sided(6, between=short_gaps))
def test_what_comes_after_a_merge_finds_what_was_before_it(
    told: tuple[list[Event], list[bool]], more: tuple[list[Event], list[bool]]
) -> None:
    """Late events included: they find the sessions, carts and orders of both in their places."""
    events, sides = told
    assume(events[-1].ts - events[0].ts < LATENESS // 2)
    mine, theirs = split(events, sides)
    assume(mine and theirs)
    driven, _ = joined(mine, theirs)
    later = more[0]
    start, end = events[0].ts, events[-1].ts
    for n, event in enumerate(later):
        event.ts = start + (event.ts * 7 + n * 61_000) % (LATENESS // 2 + n)
        if isinstance(event, Purchase):
            event.order_id = f"later {n}"
    assume(len({e.ts for e in [*events, *later]}) == len({e.ts for e in events}) + len(later))
    for event in later:
        driven.event(event)
    assert driven.state is not None
    united = sorted([*events, *later], key=lambda e: (e.ts, e.rank))
    assert_united(driven, History(united, DEFINED.engagement), max(end, united[-1].ts), {"email_consent"})


@searching(60)
@given(sided(16))
def test_no_permission_grows(told: tuple[list[Event], list[bool]]) -> None:
    events, sides = told
    mine, theirs = split(events, sides)
    assume(mine and theirs)
    driven, _ = joined(mine, theirs)
    consents = [
        [e.fields["consent.email"] for e in part if isinstance(e, Profile) and "consent.email" in e.fields] for part in (mine, theirs)
    ]
    allowed = driven.engine.condition(tree.Flag("email_consent"))(driven.state, events[-1].ts)  # type: ignore[arg-type]
    known = [answers[-1] for answers in consents if answers]
    assert allowed is (bool(known) and all(answer is True for answer in known))
