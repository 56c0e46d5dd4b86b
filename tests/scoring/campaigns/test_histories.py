"""Campaigns under random histories: what must hold whatever happens to a customer."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from scoring.events.schema import Event
from tests.properties.profiles import searching
from tests.scoring.campaigns.shop import CART, DAY, HOUR, MINUTE, Shop, T, add, buy, clear, mail, ms, profile, reachable, view

FILE = (
    CART
    + """
[[campaign]]
name = "rich"
trigger = { segment = "cart_abandoned" }
while = "cart_value >= 30"
stop_on = ["cart_clear"]
steps = [ { after = "30m", template = "a" }, { after = "2h", template = "b" } ]

[[campaign]]
name = "reactivation"
trigger = { tiers = "engagement", from = ["intensive", "regular"], to = ["occasional", "dormant"] }
steps = [ { template = "a" }, { after = "7d", template = "b" } ]
"""
)
STEPS = {"abandoned_cart": [0, DAY, 3 * DAY], "rich": [30 * MINUTE, 2 * HOUR], "reactivation": [0, 7 * DAY]}

GAPS = st.sampled_from([0, 1, MINUTE, 30 * MINUTE, HOUR - 1, HOUR, HOUR + 1, 2 * HOUR, DAY - HOUR, DAY, DAY + 1, 3 * DAY, 8 * DAY])
KINDS = st.sampled_from(["add", "add", "clear", "buy", "views", "on", "off", "unsubscribed", "bounced", "new address"])


def event(kind: str, at: int, n: int) -> list[Event]:
    made: dict[str, list[Event]] = {
        "add": [add(at)],
        "clear": [clear(at)],
        "buy": [buy(at, f"o{n}")],
        "views": [view(at) for _ in range(15)],
        "on": [reachable(at)],
        "off": [profile(at, consent__email=False)],
        "unsubscribed": [mail(at, "unsubscribed")],
        "bounced": [mail(at, "bounced")],
        "new address": [profile(at, email=f"kim{n}@example.org")],
    }
    return made[kind]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """In order of time."""
    at, events = 0, list[Event]([reachable()])
    for n, (gap, kind) in enumerate(draw(st.lists(st.tuples(GAPS, KINDS), min_size=1, max_size=25))):
        at += gap
        events += event(kind, at, n)
    return events


@searching(150)
@given(histories(), GAPS)
def test_time_passing_in_small_steps_or_in_leaps_is_the_same(events: list[Event], step: int) -> None:
    leaps, steps = Shop(FILE), Shop(FILE)
    end = events[-1].ts + 20 * DAY
    leaps.send(*events).until(end)
    for one, following in zip(events, [*events[1:], None], strict=True):
        steps.send(one)
        last = end if following is None else following.ts - 1
        for t in range(one.ts + 1, last, max(step, HOUR)):
            steps.until(t)
        if last >= one.ts:
            steps.until(last)
    assert steps.messages == leaps.messages


@searching(150)
@given(histories(), st.randoms(use_true_random=False))
def test_each_step_is_decided_once_and_no_campaign_is_left_without_an_end(events: list[Event], dice: object) -> None:
    late = [each for each in events if dice.random() < 0.15]  # type: ignore[attr-defined]
    shop = Shop(FILE)
    for each in events:
        if not any(each is one for one in late):
            shop.send(each)
    shop.send(*late).until(max(each.ts for each in events) + 30 * DAY)
    ids = [m["message_id"] for m in shop.messages]
    assert len(ids) == len(set(ids))
    runs = defaultdict(list)
    for m in shop.messages:
        runs[m["campaign"], m["change_id"]].append(m)
    started = {c["change_id"]: c for c in shop.changes}
    for (campaign, change_id), messages in runs.items():
        assert [m["step"] for m in messages] == list(range(1, len(messages) + 1))
        ended = messages[-1]["decision"] == "cancelled" or len(messages) == len(STEPS[campaign])
        assert ended and all(m["decision"] != "cancelled" for m in messages[:-1])
        for m in messages:
            if m["decision"] != "cancelled":
                assert ms(m["at"]) == ms(started[change_id]["at"]) + STEPS[campaign][m["step"] - 1]
    triggers = [c["change_id"] for c in shop.changes if c["segment"] == "cart_abandoned" and c["kind"] == "entered"]
    assert {change_id for campaign, change_id in runs if campaign == "abandoned_cart"} == set(triggers)
    assert shop.running() == []


@searching(150)
@given(histories())
def test_nothing_is_sent_without_address_and_consent_at_that_moment(events: list[Event]) -> None:
    shop = Shop(FILE).send(*events)
    shop.until(events[-1].ts + 20 * DAY)
    for m in shop.messages:
        consent, address, unsubscribed, bounced, left_at = False, None, False, set(), None
        for each in events:
            if each.ts > ms(m["at"]):
                break
            if each.event_type == "profile":
                fields = each.fields  # type: ignore[union-attr]
                if "consent.email" in fields:
                    consent = fields["consent.email"] is True
                    unsubscribed = left_at == each.ts  # in doubt, no mail
                address = fields.get("email", address)
            elif each.event_type == "email_unsubscribed":
                unsubscribed, left_at = True, each.ts
            elif each.event_type == "email_bounced":
                bounced.add(address)
        if m["decision"] == "send":
            assert consent and address == m["to"] and not unsubscribed
        elif m["reason"] in ("no_consent", "unsubscribed", "bounced", "no_address"):
            assert not (consent and address and not unsubscribed and address not in bounced)


def test_the_clock_of_the_tests_is_the_contract_s() -> None:
    assert ms("2026-03-01T10:00:00.000Z") == T
