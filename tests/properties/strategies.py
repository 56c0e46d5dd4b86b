"""What hypothesis draws: a customer's events, and definitions over every attribute.

Times cluster where answers turn: equal instants, a session's gap, ends of hours, days and windows.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from scoring.events.schema import CartEvent, EmailEvent, Event, Feedback, PageView, Profile, Purchase
from scoring.expressions import tree
from scoring.segments.model import DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS, Definitions, Engagement, Segment, Tier, Tiers
from scoring.traits.catalog import CORE
from tests.properties.history import DAY, HOUR, SESSION_GAP
from tests.properties.judge import walk
from tests.properties.spelling import spell

MINUTE = 60_000
#: 2026-01-15, a Thursday, at midnight UTC.
START = 1_768_435_200_000
CUSTOMER = "c1"

gaps = st.one_of(
    st.sampled_from([0, 0, 1, 1_000, MINUTE, 10 * MINUTE, SESSION_GAP - 1, SESSION_GAP, SESSION_GAP + 1, HOUR - 1, HOUR, HOUR + 1]),
    st.sampled_from([2 * HOUR, 5 * HOUR, DAY - 1, DAY, DAY + 1, 2 * DAY, 7 * DAY, 8 * DAY, 31 * DAY, 32 * DAY, 40 * DAY, 100 * DAY]),
    st.integers(0, 3 * HOUR),
)
short_gaps = st.one_of(st.sampled_from([0, 0, 1, MINUTE, SESSION_GAP, SESSION_GAP + 1, HOUR, 2 * HOUR]), st.integers(0, HOUR))
products = st.sampled_from(["a", "b", "c"])
prices = st.sampled_from([None, None, 0, 250, 1_000, 2_555, "0.125", "0.005", "19.995"])
quantities = st.sampled_from([1_000, 1_000, 2_000, 500, 1_500, 333, 1])
amounts = st.sampled_from([0, 1, 1_999, 2_000, 8_000, 33_330])

page_views = st.builds(
    PageView, st.just(CUSTOMER), st.just(0),
    product_id=st.none() | products, page_type=st.sampled_from([None, "search", "home", "product"]),
)  # fmt: skip
cart_changes = st.builds(
    CartEvent, st.just(CUSTOMER), st.just(0), st.sampled_from(["add", "add", "add", "wishlist_add"]),
    product_id=products, quantity=quantities, price=prices,
) | st.builds(
    CartEvent, st.just(CUSTOMER), st.just(0), st.just("remove"),
    product_id=products, quantity=st.none() | st.just(0) | quantities, price=prices,
) | st.builds(
    CartEvent, st.just(CUSTOMER), st.just(0), st.just("update"), product_id=products, quantity=st.just(0) | quantities, price=prices,
) | st.builds(CartEvent, st.just(CUSTOMER), st.just(0), st.sampled_from(["clear", "checkout_started", "checkout_started"]))  # fmt: skip
purchases = st.builds(Purchase, st.just(CUSTOMER), st.just(0), st.just(""), refunded=st.sampled_from([False, False, True]), amount=amounts)
mails = st.builds(
    EmailEvent, st.just(CUSTOMER), st.just(0), st.sampled_from(["delivered", "opened", "opened", "clicked", "bounced"]),
    message_id=st.just("m"), machine=st.booleans(),
)  # fmt: skip
feedback = st.builds(Feedback, st.just(CUSTOMER), st.just(0), st.sampled_from(["nps", "review"]), score=st.none() | st.just(7.0))
profiles = st.builds(
    Profile, st.just(CUSTOMER), st.just(0),
    st.fixed_dictionaries(
        {"language": st.just("nl")},
        optional={"email": st.sampled_from([None, "", "a@b.example"]), "consent.email": st.sampled_from([None, True, False])},
    ),
)  # fmt: skip
any_event = st.one_of(page_views, page_views, cart_changes, cart_changes, purchases, mails | feedback, profiles)


first = st.sampled_from([0, 1, HOUR - 1, 13 * HOUR, DAY - 1]) | st.integers(0, DAY)


@st.composite
def in_order(
    draw: st.DrawFn, max_size: int = 14, between: st.SearchStrategy[int] = gaps, starts: st.SearchStrategy[int] = first
) -> list[Event]:
    """One customer's events in order, each order with an id of its own."""
    ts = START + draw(starts)
    events: list[Event] = []
    for n, event in enumerate(draw(st.lists(any_event, min_size=1, max_size=max_size))):
        ts += draw(between) if n else 0
        event.ts = ts
        if isinstance(event, Purchase):
            event.order_id = f"o{n}"
        events.append(event)
    return sorted(events, key=lambda e: (e.ts, e.rank))


# ---- definitions

WINDOWS = [1_000, 30 * MINUTE, HOUR, 2 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 31 * DAY, 32 * DAY, 90 * DAY, 400 * DAY]
SPANS = [0, 1, MINUTE, SESSION_GAP, SESSION_GAP + 1, HOUR, 6 * HOUR, DAY, 7 * DAY, 60 * DAY, 1_500.5]
TIMED = [a for a in CORE.values() if a.change in ("grows", "decays")]
NUMBERS = [a for a in CORE.values() if a.kind in ("number", "duration") and a not in TIMED]
FLAGS = [a.name for a in CORE.values() if a.kind == "boolean"]
ORDERINGS = st.sampled_from(["<", "<=", ">", ">="])
ANY_OP = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def named(node: tree.Attr) -> tree.Attr:
    return tree.Attr(node.name, node.kind, node.window, spell(node))


@st.composite
def attributes(draw: st.DrawFn, kind: str = "number") -> tree.Attr:
    attribute = draw(st.sampled_from([a for a in NUMBERS if a.kind == kind]))
    window = draw(st.none() | st.sampled_from(WINDOWS)) if attribute.windowed else None
    if window is not None and attribute.whole_days:
        window = max(1, window // DAY) * DAY
    return named(tree.Attr(attribute.name, attribute.kind, window))


def reads(node: tree.Number) -> bool:
    """Is it more than constants? Those the parser folds, and it refuses division by a zero."""
    return any(isinstance(below, tree.Attr) for below in walk(node))


small_numbers = st.sampled_from([0, 1, 1, 2, 2, 3, 5, 0.5, 2.5, 20, 80.0, -1]).map(lambda n: tree.Const(n, "number"))
durations = st.sampled_from(SPANS).map(lambda n: tree.Const(n, "duration"))
calculated = st.recursive(
    attributes() | small_numbers,
    lambda inner: st.one_of(
        st.builds(tree.Calc, st.sampled_from("+-*/"), inner, inner, st.just("number")), st.builds(tree.Neg, inner, st.just("number"))
    ),
    max_leaves=4,
).filter(lambda node: reads(node) and all(reads(n.right) for n in walk(node) if isinstance(n, tree.Calc) and n.op == "/"))


@st.composite
def comparisons(draw: st.DrawFn) -> tree.Condition:
    """One comparison of what may be compared."""
    form = draw(st.sampled_from(["plain", "plain", "duration", "calculated", "in", "none", "grows", "grows", "grows", "decays", "decays"]))
    if form == "grows":
        node = named(tree.Attr(draw(st.sampled_from([a.name for a in TIMED if a.change == "grows"])), "duration"))
        missing = st.booleans().map(lambda negated: tree.IsNone(node, negated))
        return draw(st.builds(tree.Compare, st.just(node), ORDERINGS, durations) | missing)
    if form == "decays":
        level = draw(st.sampled_from([0, 0.7, 1, 2.3, 3, 6.1, 12, 40]))
        return tree.Compare(named(tree.Attr("engagement", "number")), draw(ORDERINGS), tree.Const(level, "number"))
    if form == "duration":
        node = draw(attributes("duration"))
        per_visit = tree.Calc("/", node, draw(attributes()), "duration")
        return tree.Compare(draw(st.just(node) | st.just(per_visit)), draw(ANY_OP), draw(durations))
    if form == "none":
        return tree.IsNone(draw(calculated), draw(st.booleans()))
    if form == "in":
        values = tuple(draw(st.lists(st.sampled_from([0, 1, 2, 3, 5, 0.5]), min_size=1, max_size=3, unique=True)))
        return tree.In(draw(calculated), values, draw(st.booleans()))
    left = draw(calculated if form == "calculated" else attributes())
    return tree.Compare(left, draw(ANY_OP), draw(calculated | small_numbers if form == "calculated" else small_numbers))


#: The segments and tier groups known so far (name -> tiers, None for a segment).
Known = dict[str, list[str] | None]
Conditions = Callable[[Known], st.SearchStrategy[tree.Condition]]


def conditions(known: Known) -> st.SearchStrategy[tree.Condition]:
    """Conditions over every attribute, that may refer to what is known."""
    leaves = [comparisons(), comparisons(), comparisons(), st.sampled_from(FLAGS).map(tree.Flag), *references(known)]
    return st.recursive(
        st.one_of(leaves),
        lambda inner: (
            st.builds(tree.Not, inner)
            | st.builds(tree.And, st.lists(inner, min_size=2, max_size=3).map(tuple))
            | st.builds(tree.Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
        ),
        max_leaves=4,
    )


def references(known: Known) -> list[st.SearchStrategy[tree.Condition]]:
    leaves: list[st.SearchStrategy[tree.Condition]] = []
    segments = [name for name, tiers in known.items() if tiers is None]
    if segments:
        leaves.append(st.sampled_from(segments).map(tree.InSegment))
    for group, tiers in known.items():
        if tiers is not None:
            names, node = st.sampled_from(tiers), tree.TierOf(group)
            constants = names.map(lambda name: tree.Const(name, "string"))
            leaves.append(st.builds(tree.Compare, st.just(node), st.sampled_from(["==", "!="]), constants))
            leaves.append(st.builds(tree.In, st.just(node), st.lists(names, min_size=1, max_size=2, unique=True).map(tuple), st.booleans()))
    return leaves


waits = st.sampled_from([0, 0, 1, 10 * MINUTE, HOUR, DAY, 7 * DAY])
settles = st.sampled_from([0, 0, 1, 10 * MINUTE, HOUR, DAY])


@st.composite
def definitions(
    draw: st.DrawFn,
    with_history: bool = True,
    max_size: int = 4,
    conditions: Conditions = conditions,
    waits: st.SearchStrategy[int] = waits,
) -> Definitions:
    """Segments and tier groups, in any order. Without history: no hold_for, cooldown, exit_when, settle."""
    known: Known = {}
    found: list[Segment | Tiers] = []
    for n in range(draw(st.integers(1, max_size))):
        condition, name = conditions(known), f"s{n}"
        if draw(st.integers(0, 3)):
            wait = waits if with_history else st.just(0)
            leave = draw(st.none() | condition) if with_history else None
            settle = draw(settles) if with_history and leave is None else 0
            found.append(Segment(name, "other", draw(condition), leave, 0 if settle else draw(wait), draw(wait), "0" * 16, settle))
            known[name] = None
        else:
            names = ["high", "mid", "low"][: draw(st.integers(2, 3))]
            judged = (*(Tier(t, draw(condition)) for t in names[:-1]), Tier(names[-1], None))
            of = draw(st.none() | condition)
            found.append(Tiers(name, "other", judged, "0" * 16, draw(settles) if with_history else 0, of))
            known[name] = names
    return Definitions(tuple(draw(st.permutations(found))), draw(engagements), fingerprint=1)


engagements = st.just(Engagement(DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS)) | st.builds(
    Engagement,
    st.sampled_from([3_600_000.0, 259_200_000.0]),
    st.sampled_from([{}, {"page_view": 0.0}, {"cart_add": 5.0, "feedback": 0.25}]).map(lambda own: DEFAULT_WEIGHTS | own),
)
