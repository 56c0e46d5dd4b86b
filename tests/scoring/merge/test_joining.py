"""One visitor, two ids: what others are told, what goes along, what comes after."""

from __future__ import annotations

from random import Random

import pytest

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.engine.changes import CAUSES
from scoring.engine.telling import KINDS
from scoring.events.schema import CartEvent, EmailEvent, Identity, PageView, Profile, Purchase
from scoring.merge.identities import APPLIED, DROPPED, REFUSED, REPEAT, SENT_ON
from scoring.segments.read import read
from scoring.state import Customer
from tests.properties.world import World

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
T0 = 1_768_435_200_000

DEFINITIONS = read("""
[[segment]]
name = "abandoned"
family = "purchase_habits"
when = "cart_items > 0 and cart_idle >= hours(1)"
exit_when = "cart_items == 0"

[[segment]]
name = "keen"
family = "usage"
when = "page_views >= 2"
hold_for = "1h"

[[segment]]
name = "visitor"
family = "usage"
when = "since_last_visit < minutes(10)"
cooldown = "7d"

[[segment]]
name = "not_abandoned"
family = "other"
when = "not in_segment('abandoned')"

[[tiers]]
name = "spender"
family = "loyalty"
tiers = [ { name = "much", when = "spend >= 30" }, { name = "little" } ]
""")
CAMPAIGNS = """
[policy]
quiet_hours = "02:00-02:01"
[[campaign]]
name = "come_back"
trigger = { segment = "abandoned" }
steps = [ { template = "one" }, { after = "2h", template = "two" } ]
"""


@pytest.fixture
def world() -> World:
    return World(Engine(DEFINITIONS, read_campaigns(CAMPAIGNS, DEFINITIONS)), Random(1))


def told(world: World, name: str, cause: str = "merge") -> list[tuple]:
    names = world.engine.names
    return [
        (names[c[1]], KINDS[c[2]], c[3], c[4], c[5], c[7]) for c in world.changes.get(name, ()) if CAUSES[c[6]] == cause
    ]  # fmt: skip


def living(world: World, name: str) -> Customer:
    state = world.state(name)
    assert state is not None and name in world.living()
    return state


def test_a_visitor_signs_up(world: World) -> None:
    """The customer is new: it is judged for the first time with the visitor's facts, by one change a segment."""
    world.event(PageView("anon", T0, product_id="p"))
    world.event(CartEvent("anon", T0, "add", product_id="p", quantity=1_000, price=2_000))
    world.event(Identity("kim", T0 + MINUTE, "anon"))
    world.settle()
    assert told(world, "anon") == [
        ("visitor", "exited", None, None, T0 + MINUTE, 1), ("not_abandoned", "exited", None, None, T0 + MINUTE, 1),
        ("spender", "moved", "little", None, T0 + MINUTE, 2),
    ]  # fmt: skip
    assert told(world, "kim") == [
        ("visitor", "entered", None, None, T0 + MINUTE, 1), ("not_abandoned", "entered", None, None, T0 + MINUTE, 1),
        ("spender", "moved", None, "little", T0 + MINUTE, 1),
    ]  # fmt: skip
    assert len(world.changes["kim"]) == 3, "nothing but the merge"
    assert all(change[9] == ["identity", T0 + MINUTE, "topic", 0, 0] for change in world.changes["kim"]), "the event that said so"
    world.event(PageView("anon", T0 + 2 * MINUTE))
    world.settle()
    assert (living(world, "kim").product_view_count, living(world, "kim").other_view_count) == (1, 1)
    assert world.became[-2:] == [SENT_ON, APPLIED]


def test_a_customer_signs_in_with_a_cart_left_behind(world: World) -> None:
    """What the visitor was in by `exit_when`, and how long `when` has held, go along; what both were in is no change."""
    world.event(PageView("kim", T0))
    world.event(CartEvent("anon", T0, "add", product_id="p", quantity=1_000))
    world.event(PageView("anon", T0 + 2 * HOUR))
    world.event(Identity("kim", T0 + 2 * HOUR, "anon"))
    world.settle()
    assert [(segment, kind) for segment, kind, *_ in told(world, "kim")] == [("abandoned", "entered"), ("not_abandoned", "exited")]
    assert living(world, "kim").cart
    world.event(PageView("kim", T0 + 2 * HOUR + 1))
    state = living(world, "kim")
    out: list = []
    world.engine.until(state, T0 + 4 * HOUR, out, "kim")
    keen = next(change for change in out if world.engine.names[change[1]] == "keen")
    assert keen[5] == T0 + 3 * HOUR, "page views of both are two since the merge"


def test_a_cooldown_goes_along(world: World) -> None:
    world.event(PageView("anon", T0))
    world.event(PageView("anon", T0 + HOUR))  # out of `visitor` meanwhile
    world.event(PageView("kim", T0 + 2 * HOUR - 1))
    state = living(world, "kim")
    assert world.engine.memberships(state)["visitor"] is True
    world.event(Identity("lee", T0 + 2 * HOUR, "anon"))
    world.event(PageView("lee", T0 + 2 * HOUR + 1))
    world.settle()
    assert "visitor" not in {segment for segment, *_ in told(world, "lee")}, "it left under the other id less than 7 days ago"


def test_what_a_merge_enters_and_leaves_at_one_instant_is_not_told(world: World) -> None:
    world.event(CartEvent("anon", T0, "add", product_id="p", quantity=1_000))
    world.event(PageView("anon", T0 + 2 * HOUR))  # abandoned
    world.event(Purchase("kim", T0 + 3 * HOUR, "o1", amount=100))  # empties the cart they turn out to share
    world.event(Identity("kim", T0 + 3 * HOUR, "anon"))
    world.settle()
    assert "abandoned" not in {segment for segment, *_ in told(world, "kim")}
    assert not living(world, "kim").cart


def test_the_first_has_it(world: World) -> None:
    world.event(PageView("anon", T0))
    world.event(Identity("kim", T0 + 1, "anon"))
    world.settle()
    world.event(Identity("lee", T0 + 2, "anon"))
    world.settle()
    assert REFUSED in world.became
    assert world.leads_to("anon") == "kim"
    assert living(world, "lee").other_view_count == 0, "and yet lee exists"


def test_the_same_said_again_and_of_itself_changes_nothing(world: World) -> None:
    world.event(PageView("anon", T0))
    world.event(Identity("kim", T0 + 1, "anon", event_id="e1"))
    world.settle()
    before = {name: changes.copy() for name, changes in world.changes.items()}
    for event in (Identity("kim", T0 + 2, "anon"), Identity("kim", T0 + 1, "anon", event_id="e1"), Identity("kim", T0 + 3, "kim")):
        world.event(event)
        world.settle()
        assert world.became[-1] == REPEAT
    assert world.changes == before
    assert living(world, "kim").other_view_count == 1


def test_a_campaign_goes_on_for_who_stays(world: World) -> None:
    world.event(Profile("anon", T0, {"email": "kim@example.com", "consent.email": True}))
    world.event(CartEvent("anon", T0 + 1, "add", product_id="p", quantity=1_000))
    world.event(PageView("anon", T0 + 2 * HOUR))  # step 1 is sent on the way here
    world.event(Identity("kim", T0 + 2 * HOUR + 1, "anon"))
    world.settle()
    state = living(world, "kim")
    assert state.campaigns is not None and state.campaigns["come_back"][3] == 1, "the next step is the second"
    out: list = []
    world.engine.until(state, T0 + DAY, out, "kim")
    assert [entry[1:4] for entry in out if entry[0] == 1] == [["come_back", 2, "send"]]


def test_a_campaign_of_who_stays_is_ended_by_the_others_purchase(world: World) -> None:
    world.event(Profile("kim", T0, {"email": "kim@example.com", "consent.email": True}))
    world.event(CartEvent("kim", T0 + 1, "add", product_id="p", quantity=1_000))
    world.event(PageView("kim", T0 + 2 * HOUR))
    assert living(world, "kim").campaigns
    world.event(Purchase("anon", T0 + 2 * HOUR + 1, "o1", amount=100))
    world.event(Identity("kim", T0 + 2 * HOUR + 2, "anon"))
    world.settle()
    assert not (living(world, "kim").campaigns or {}).get("come_back")


def test_no_permission_grows(world: World) -> None:
    world.event(Profile("kim", T0, {"email": "kim@example.com", "consent.email": False}))
    world.event(Profile("anon", T0 + 5, {"consent.email": True}))
    world.event(EmailEvent("anon", T0 + 6, "complained"))
    world.event(Identity("kim", T0 + 10, "anon"))
    world.settle()
    state = living(world, "kim")
    assert state.mail == {"complained": T0 + 6}
    consents = world.engine.condition(DEFINITIONS_CONSENT)
    assert not consents(state, T0 + 10)
    world.event(Profile("kim", T0 + 20, {"consent.email": True}))
    assert consents(living(world, "kim"), T0 + 20), "who agrees anew has agreed"


DEFINITIONS_CONSENT = (
    read("""
[[segment]]
name = "s"
family = "other"
when = "email_consent"
""")
    .segments[0]
    .when
)  # type: ignore[union-attr]


def test_who_is_forgotten_comes_back_by_consent_alone(world: World) -> None:
    world.event(Purchase("kim", T0, "o1", amount=4_000))
    world.event(Identity("kim", T0 + 1, "anon"))
    world.settle()
    world.event(Identity("anon", T0 + HOUR, forget=True))
    world.settle()
    assert told(world, "kim", "erasure")[-1] == ("spender", "moved", "much", None, T0 + HOUR, 2)
    for event in (
        PageView("kim", T0 + 2 * HOUR), Profile("kim", T0 + 2 * HOUR, {"email": "kim@example.com"}),
        Profile("kim", T0 + HOUR - 1, {"consent.email": True}),  # from before
        Profile("kim", T0 + 2 * HOUR, {"consent.email": False}),
    ):  # fmt: skip
        world.event(event)
        assert world.became[-1] == DROPPED
    assert world.living() == []
    world.event(Profile("kim", T0 + 3 * HOUR, {"consent.email": True}))
    world.event(PageView("kim", T0 + 2 * HOUR))  # late, of the time in between
    assert world.became[-2:] == [APPLIED, DROPPED]
    state = living(world, "kim")
    assert (state.order_count, state.other_view_count, state.first_seen) == (0, 0, T0 + 3 * HOUR)
    ids = {(c[1], c[7], c[2]) for c in world.changes["kim"]}
    assert len(ids) == len(world.changes["kim"]), "episodes count on"


def test_an_id_that_is_joined_late_to_one_forgotten_is_forgotten_too(world: World) -> None:
    world.event(PageView("anon", T0))
    world.event(PageView("kim", T0))
    world.event(Identity("kim", T0 + HOUR, forget=True))
    world.event(Identity("kim", T0 + 1, "anon"))  # late: it was so before
    world.settle()
    assert world.living() == []
    world.event(PageView("bea", T0))
    world.event(Identity("kim", T0 + 2 * HOUR, "bea"))  # since then it is nobody's
    world.settle()
    assert world.living() == ["bea"]


def test_a_circle_said_all_at_once_leaves_one(world: World) -> None:
    for name in "abc":
        world.event(PageView(name, T0))
    for name, other in (("b", "a"), ("c", "b"), ("a", "c")):
        world.event(Identity(name, T0 + 1, other))
    world.settle()
    (left,) = world.living()
    assert living(world, left).other_view_count == 3
