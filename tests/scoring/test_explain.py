"""Explain: in or out, since when, why, and when time alone will change it, as it then happens."""

from __future__ import annotations

import pytest

from scoring.engine import Engine
from scoring.engine.telling import KINDS
from scoring.explain import Ahead, Verdict, explain
from scoring.segments.read import read
from scoring.state import NEVER, decode, encode
from tests.contracts.scenario import DAY, Story, ms, tiers, toml


def about(it: Story, instant: str, name: str = "it") -> Verdict:
    assert it.state is not None
    return next(each for each in explain(it.engine, it.state, ms(instant)) if each.segment == name)


def test_out_with_the_clause_that_decides_and_the_moment_it_turns() -> None:
    it = Story(toml("cart_items > 0 and since_last_visit >= hours(1)"))
    it.add("10:00", quantity=2)
    verdict = about(it, "10:20")
    assert (verdict.member, verdict.since) == (False, None)
    assert verdict.reason == "since_last_visit 20m is not >= 1h"
    assert verdict.attributes == {"cart_items": 2, "since_last_visit": 1200.0}
    assert verdict.ahead == Ahead(ms("11:00"), "entered", None)


def test_in_since_its_entry_and_nothing_ahead_where_time_does_nothing() -> None:
    it = Story(toml("purchases >= 1"))
    it.event("10:00", "purchase", order_id="o1", total=10)
    verdict = about(it, "+9d 10:00")
    assert (verdict.member, verdict.since, verdict.reason) == (True, ms("10:00"), "purchases 1 >= 1")
    assert (verdict.ahead, verdict.sure_until) == (None, None)


def test_deadlines_up_to_now_have_passed_in_what_is_told_and_not_in_the_state() -> None:
    it = Story(toml("since_last_visit >= hours(1)"))
    it.page_view("10:00")
    before = encode(it.state)  # type: ignore[arg-type]
    verdict = about(it, "12:00")
    assert (verdict.member, verdict.since) == (True, ms("11:00"))
    assert encode(it.state) == before  # type: ignore[arg-type]


def test_out_since_its_last_exit() -> None:
    it = Story(toml("page_views(hours(2)) >= 1"))
    it.page_view("10:00")
    inside = about(it, "10:30")
    assert inside.ahead == Ahead(ms("13:00"), "exited", None)
    outside = about(it, "14:00")
    assert (outside.member, outside.since) == (False, ms("13:00"))


def test_waiting_for_hold_for_and_cooldown() -> None:
    it = Story(toml("cart_items > 0", hold_for="10m", cooldown="1d"))
    it.add("10:00")
    verdict = about(it, "10:04")
    assert verdict.reason == "cart_items 1 > 0; held for 4m of 10m"
    assert verdict.ahead == Ahead(ms("10:10"), "entered", None)
    it.passes("10:10")
    it.clear("10:30")
    it.add("10:40")
    verdict = about(it, "11:30")
    assert verdict.reason == "cart_items 1 > 0; left 1h ago, cooldown 1d"
    assert verdict.ahead == Ahead(ms("+1d 10:30"), "entered", None)


def test_exit_when_keeps_in_and_keeps_out() -> None:
    it = Story(toml("page_views(hours(1)) >= 1", exit_when="cart_items == 0"))
    it.add("10:00")
    it.page_view("10:01")
    assert about(it, "10:02").reason == "page_views(hours(1)) 1 >= 1; exit_when does not hold: cart_items 1 is not == 0"
    assert about(it, "15:00").reason == "exit_when does not hold: cart_items 1 is not == 0"
    it.clear("16:00")
    it.page_view("16:01")
    assert about(it, "16:02").reason == "page_views(hours(1)) 1 >= 1; exit_when holds: cart_items 0 == 0"


def test_a_tier_tells_its_condition_and_why_not_a_higher_one() -> None:
    it = Story(tiers("it", "high: engagement >= 40", "some: engagement >= 2", "low"))
    it.event("10:00", "purchase", order_id="o1", total=10)
    verdict = about(it, "10:00")
    assert (verdict.kind, verdict.tier, verdict.since) == ("tiers", "some", ms("10:00"))
    assert verdict.reason == "engagement 10 >= 2; not high: engagement 10 is not >= 40"
    assert verdict.ahead is not None and (verdict.ahead.kind, verdict.ahead.to) == ("moved", "low")
    assert about(it, "+60d 10:00").reason.startswith("not high: engagement 0.02")


def test_a_segment_that_refers_to_another_changes_with_it() -> None:
    it = Story(toml("since_last_visit >= hours(1)", name="away") + toml("in_segment('away') and purchases == 0", name="it"))
    it.page_view("10:00")
    verdict = about(it, "10:30")
    assert verdict.reason == "not in_segment('away')"
    assert verdict.ahead == Ahead(ms("11:00"), "entered", None)


def test_why_somebody_is_in_none_of_the_tiers() -> None:
    it = Story(tiers("rfm", "often: purchases >= 2", "once", of="purchases(days(30)) >= 1"))
    it.page_view("10:00")
    (nobody,) = explain(it.engine, it.state, ms("11:00"))  # type: ignore[arg-type]
    assert (nobody.tier, nobody.since, nobody.ahead) == (None, None, None)
    assert nobody.reason == "purchases(days(30)) 0 is not >= 1"
    it.buys("12:00")
    (buyer,) = explain(it.engine, it.state, ms("13:00"))  # type: ignore[arg-type]
    assert (buyer.tier, buyer.since, buyer.ahead) == ("once", ms("12:00"), Ahead(ms("+30d 13:00"), "moved", None))


def test_a_state_of_other_definitions_is_refused() -> None:
    it = Story(toml("purchases >= 1"))
    it.page_view("10:00")
    other = Engine(read(toml("purchases >= 2")))
    with pytest.raises(ValueError, match="other definitions"):
        explain(other, it.state, ms("11:00"))  # type: ignore[arg-type]


SHOP = "".join(
    toml(when, name=f"s{n}", **rest)
    for n, (when, rest) in enumerate(
        [
            ("cart_items > 0 and cart_idle >= hours(1)", {"hold_for": "10m", "cooldown": "2d"}),
            ("page_views(hours(5)) >= 2", {"exit_when": "since_last_visit >= days(2)"}),
            ("spend(days(30)) >= 20 or engagement >= 8", {}),
            ("in_segment('s1') and since_last_purchase < days(3)", {}),
            ("active_days(days(3)) >= 2 or sessions(days(40)) >= 3", {"hold_for": "3h"}),
        ]
    )
) + tiers("level", "high: engagement >= 9", "some: purchases(days(60)) >= 1", "low")
SHOP += tiers("of_late", "much: spend(days(5)) >= 30", "little", of="purchases(days(5)) >= 1", settle="2h")


@pytest.mark.parametrize("seed", range(12))
def test_what_is_said_to_come_is_what_comes(seed: int) -> None:
    """Let time pass in the engine itself: each segment's first change is the one foretold, and what changes never was foretold not to."""
    import random

    dice = random.Random(seed)
    it = Story(SHOP)
    at = ms("08:00")
    for number in range(dice.randrange(3, 25)):
        at += dice.randrange(1, DAY // 3)
        instant = _said(at)
        match dice.randrange(5):
            case 0:
                it.add(instant, price=5)
            case 1:
                it.event(instant, "purchase", order_id=f"o{number}", total=dice.randrange(1, 40))
            case 2:
                it.clear(instant)
            case _:
                it.page_view(instant)
    assert it.state is not None
    told = {each.segment: each for each in explain(it.engine, it.state, at)}
    later = decode(encode(it.state))
    out: list[list[object]] = []
    while later.due < NEVER:
        it.engine.until(later, later.due, out)
    came: dict[str, Ahead] = {}
    for entry in out:
        index, kind, to, instant = entry[1], entry[2], entry[4], entry[5]
        came.setdefault(it.engine.names[index], Ahead(instant, KINDS[kind], to))  # type: ignore[index, arg-type, call-overload]
    assert {name: each.ahead for name, each in told.items() if each.ahead is not None} == came
    now = it.engine.memberships(it.state)
    assert all(each.tier == now.get(name) if each.kind == "tiers" else each.member == now[name] for name, each in told.items())


def _said(at: int) -> str:
    days, rest = divmod(at - ms("00:00"), DAY)
    return f"+{days}d {rest // 3_600_000:02}:{rest // 60_000 % 60:02}:{rest // 1000 % 60:02}.{rest % 1000:03}"
