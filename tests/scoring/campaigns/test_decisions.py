"""Campaigns as scenarios: send, advance, expect; every rule at its boundary."""

from __future__ import annotations

import pytest

from scoring.campaigns.decide import Campaigns
from scoring.state import NEVER
from tests.scoring.campaigns.shop import CART, DAY, HOUR, MINUTE, SECOND, Shop, T, add, buy, clear, mail, profile, reachable, view

ENTERED = HOUR  # a cart filled at T is abandoned an hour later


def abandoned() -> Shop:
    """A reachable customer whose cart was abandoned at T + 1 h, seen at that very instant."""
    return Shop().send(reachable(), add(0)).until(T + ENTERED)


def test_the_three_steps_at_their_exact_instants() -> None:
    shop = Shop().send(reachable(), add(0)).until(T + ENTERED - 1)
    assert shop.decisions() == []
    shop.until(T + ENTERED)
    assert shop.decisions() == [("abandoned_cart", 1, "send", "", ENTERED)]
    shop.until(T + ENTERED + DAY - 1)
    assert len(shop.messages) == 1
    shop.until(T + ENTERED + DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "send", "", ENTERED + DAY)]
    shop.until(T + ENTERED + 3 * DAY - 1)
    assert len(shop.messages) == 2
    shop.until(T + ENTERED + 3 * DAY)
    assert shop.decisions()[2:] == [("abandoned_cart", 3, "send", "", ENTERED + 3 * DAY)]
    shop.until(T + 100 * DAY)
    assert len(shop.messages) == 3
    assert shop.running() == []


def test_a_leap_of_time_decides_each_step_at_its_own_instant_in_order() -> None:
    leap = Shop().send(reachable(), add(0)).until(T + 30 * DAY)
    assert leap.decisions() == [("abandoned_cart", n, "send", "", ENTERED + at) for n, at in ((1, 0), (2, DAY), (3, 3 * DAY))]


def test_an_event_after_a_silence_brings_the_steps_that_were_due_before_it() -> None:
    shop = Shop().send(reachable(), add(0), view(2 * DAY))
    assert shop.decisions() == [("abandoned_cart", 1, "send", "", ENTERED), ("abandoned_cart", 2, "send", "", ENTERED + DAY)]


def test_a_purchase_after_a_step_ends_the_campaign_with_one_record() -> None:
    shop = abandoned().send(buy(2 * HOUR)).until(T + 30 * DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "cancelled", "purchase", 2 * HOUR)]


def test_a_purchase_at_the_very_instant_of_a_step_comes_before_it() -> None:
    shop = abandoned().send(buy(ENTERED + DAY)).until(T + 30 * DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "cancelled", "purchase", ENTERED + DAY)]


def test_a_purchase_a_millisecond_after_a_step_comes_after_it() -> None:
    shop = abandoned().send(buy(ENTERED + DAY + 1)).until(T + 30 * DAY)
    assert shop.decisions()[1:] == [
        ("abandoned_cart", 2, "send", "", ENTERED + DAY),
        ("abandoned_cart", 3, "cancelled", "purchase", ENTERED + DAY + 1),
    ]


def test_after_the_last_step_a_purchase_cancels_nothing() -> None:
    shop = abandoned().until(T + 5 * DAY).send(buy(6 * DAY))
    assert [m["decision"] for m in shop.messages] == ["send"] * 3


def test_a_purchase_at_the_instant_of_abandonment_means_no_campaign() -> None:
    shop = Shop().send(reachable(), add(0), buy(ENTERED)).until(T + DAY)
    assert shop.decisions() == []


def test_one_who_left_the_segment_gets_no_mail_but_each_step_its_reason() -> None:
    shop = abandoned().send(clear(2 * HOUR)).until(T + 30 * DAY)
    assert shop.decisions()[1:] == [
        ("abandoned_cart", 2, "suppressed", "not_a_member", ENTERED + DAY),
        ("abandoned_cart", 3, "suppressed", "not_a_member", ENTERED + 3 * DAY),
    ]


def test_a_suppressed_step_leaves_the_next_to_be_judged_afresh() -> None:
    shop = Shop().send(add(0)).until(T + ENTERED).send(profile(2 * HOUR, email="kim@example.org")).until(T + ENTERED + DAY)
    shop.send(profile(2 * DAY, consent__email=True)).until(T + 30 * DAY)
    assert [(m["decision"], m["reason"]) for m in shop.messages] == [
        ("suppressed", "no_address"),
        ("suppressed", "no_consent"),
        ("send", ""),
    ]


def test_entering_again_while_the_campaign_runs_begins_it_anew() -> None:
    shop = abandoned().send(clear(2 * HOUR), add(3 * HOUR)).until(T + 30 * DAY)
    again = 4 * HOUR
    assert shop.decisions()[1:] == [
        ("abandoned_cart", 2, "cancelled", "restarted", again),
        ("abandoned_cart", 1, "send", "", again),
        ("abandoned_cart", 2, "send", "", again + DAY),
        ("abandoned_cart", 3, "send", "", again + 3 * DAY),
    ]
    assert len({m["message_id"] for m in shop.messages if m["decision"] == "send"}) == 4


def test_a_late_purchase_from_before_the_trigger_ends_it_when_it_takes_it_back() -> None:
    shop = abandoned().send(buy(HOUR // 2))
    assert [(c["kind"], c["cause"]) for c in shop.changes if c["segment"] == "cart_abandoned"] == [
        ("entered", "deadline"),
        ("exited", "late_event"),
    ]
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "cancelled", "purchase", ENTERED)]


def test_a_late_purchase_from_before_the_cart_was_filled_leaves_it_running() -> None:
    shop = abandoned().send(buy(-HOUR)).until(T + ENTERED + DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "send", "", ENTERED + DAY)]


def test_a_late_event_that_takes_the_trigger_back_before_the_first_mail_stops_it() -> None:
    later = CART.replace('{ template = "abandoned_cart_1" }', '{ after = "1h", template = "abandoned_cart_1" }')
    shop = Shop(later).send(reachable(), add(0)).until(T + ENTERED).send(clear(HOUR // 2)).until(T + 30 * DAY)
    assert {(m["decision"], m["reason"]) for m in shop.messages} == {("suppressed", "not_a_member")}
    assert [ms["step"] for ms in shop.messages] == [1, 2, 3]


def test_a_repeated_purchase_is_no_second_stop() -> None:
    shop = abandoned().send(buy(2 * HOUR), clear(3 * HOUR), add(4 * HOUR)).until(T + 5 * HOUR).send(buy(6 * HOUR)).until(T + 7 * HOUR)
    assert [m["decision"] for m in shop.messages] == ["send", "cancelled", "send"]


STOPS = CART + 'stop_on = ["cart_clear", "email_clicked"]\n'


def test_stop_on_names_the_events_that_end_it() -> None:
    shop = Shop(STOPS).send(reachable(), add(0)).until(T + ENTERED).send(mail(2 * HOUR, "opened"))
    assert len(shop.messages) == 1
    shop.send(mail(3 * HOUR, "clicked")).until(T + 30 * DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "cancelled", "email_clicked", 3 * HOUR)]


def test_without_its_name_in_stop_on_a_purchase_ends_nothing() -> None:
    shop = Shop(STOPS).send(reachable(), add(0)).until(T + ENTERED).send(buy(2 * HOUR)).until(T + ENTERED + DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "suppressed", "not_a_member", ENTERED + DAY)]


def test_the_event_that_starts_a_campaign_does_not_stop_it() -> None:
    thanks = (
        '[[campaign]]\nname = "thanks"\ntrigger = { segment = "buyer" }\nsteps = [ { template = "a" }, { after = "1d", template = "b" } ]\n'
    )
    shop = Shop(thanks).send(reachable(), buy(0))
    assert shop.decisions() == [], "another event of this instant may come still"
    shop.until(T)
    assert shop.decisions() == [("thanks", 1, "send", "", 0)]
    shop.send(buy(HOUR, "o2"))
    assert shop.decisions()[1:] == [("thanks", 2, "cancelled", "purchase", HOUR)]


WHILE = CART.replace("steps =", 'while = "cart_value >= 20"\nsteps =')


@pytest.mark.parametrize(("price", "expected"), [(1999, ("suppressed", "not_a_member")), (2000, ("send", ""))])
def test_while_is_judged_before_every_step(price: int, expected: tuple[str, str]) -> None:
    shop = Shop(WHILE).send(reachable(), add(0, price=price)).until(T + ENTERED)
    assert [(m["decision"], m["reason"]) for m in shop.messages] == [expected]


def test_while_true_again_lets_the_next_step_go() -> None:
    shop = Shop(WHILE).send(reachable(), add(0)).until(T + ENTERED).send(add(2 * HOUR)).until(T + ENTERED + DAY)
    assert [m["decision"] for m in shop.messages] == ["suppressed", "send"]


BACK = """
[[campaign]]
name = "reactivation"
trigger = { tiers = "engagement", from = ["intensive", "regular"], to = ["occasional", "dormant"] }
steps = [ { template = "reactivation_1" }, { after = "7d", template = "reactivation_2" } ]
"""


def regular() -> Shop:
    """14 page views at T: regular until the sum has decayed to below 12."""
    return Shop(BACK).send(reachable(), *[view(i) for i in range(14)])


def test_moving_down_starts_the_reactivation_at_the_instant_of_the_move() -> None:
    shop = regular().until(T + 2 * DAY)
    move = [c for c in shop.changes if c["segment"] == "engagement" and c["to"] == "occasional" and c["from"] == "regular"]
    assert len(move) == 1
    assert [(m["decision"], m["at"], m["change_id"]) for m in shop.messages] == [("send", move[0]["at"], move[0]["change_id"])]
    assert (shop.messages[0]["context"]["from"], shop.messages[0]["context"]["to"]) == ("regular", "occasional")


def test_a_further_move_within_to_keeps_it_going() -> None:
    shop = regular().until(T + 60 * DAY)
    assert [(m["step"], m["decision"]) for m in shop.messages] == [(1, "send"), (2, "send")]


def test_moving_back_up_suppresses_the_next_step() -> None:
    shop = regular().until(T + 3 * DAY).send(*[view(4 * DAY + i) for i in range(60)]).until(T + 12 * DAY)
    assert [(m["step"], m["decision"], m["reason"]) for m in shop.messages] == [(1, "send", ""), (2, "suppressed", "not_a_member")]


def test_the_first_tier_of_a_new_customer_is_no_move_from_anywhere() -> None:
    assert Shop(BACK).send(reachable(), view(0)).messages == []
    anywhere = BACK.replace('from = ["intensive", "regular"], ', "")
    assert [m["step"] for m in Shop(anywhere).send(reachable(), view(0)).messages] == [1]


TRANSACTIONAL = CART + "transactional = true\n"


def expected_reason(*events: object, campaigns: str = CART) -> str:
    shop = Shop(campaigns).send(*events, add(0)).until(T + ENTERED)  # type: ignore[arg-type]
    (message,) = shop.messages
    assert (message["decision"] == "send") == (message["reason"] == "")
    assert (message["to"] is not None) == (message["decision"] == "send")
    return str(message["reason"])


def test_address_and_consent() -> None:
    assert expected_reason() == "no_address"
    assert expected_reason(profile(-DAY, consent__email=True)) == "no_address"
    assert expected_reason(profile(-DAY, email="", consent__email=True)) == "no_address"
    assert expected_reason(profile(-DAY, email="kim@example.org")) == "no_consent"
    assert expected_reason(profile(-DAY, email="kim@example.org", consent__email=False)) == "no_consent"
    assert expected_reason(reachable()) == ""
    assert expected_reason(reachable(), profile(-HOUR, consent__email=None)) == "no_consent"
    assert expected_reason(reachable(), profile(-HOUR, email=None)) == "no_address"


@pytest.mark.parametrize(
    "address",
    ["kim", "kim@", "@example.org", "kim@example.org\r\nBcc: all@example.org", "kim@exa mple.org", "a@b@c.org",
     "kim@example.org,x@example.org",
     "<kim@example.org>", "Kim <kim@example.org>", "kim@example..org", ".kim@example.org", "kim@-example.org", "k" * 65 + "@example.org",
     "kim@" + "x" * 63 + "." + "y" * 190 + ".org", "kim@example.org\n", "\tkim@example.org", "kim\0@example.org", "kím@example.org"],
)  # fmt: skip
def test_an_address_that_is_none_gets_no_mail(address: str) -> None:
    assert expected_reason(profile(-DAY, email=address, consent__email=True)) == "bad_address"


@pytest.mark.parametrize("address", ["k@localhost", "kim.o'hara+tag@mail.example.co.uk", "a" * 64 + "@example.org", "1@2.org"])
def test_a_plain_address_does(address: str) -> None:
    assert expected_reason(profile(-DAY, email=address, consent__email=True)) == ""


def test_unsubscribed_until_consent_is_given_anew() -> None:
    assert expected_reason(reachable(), mail(-HOUR, "unsubscribed")) == "unsubscribed"
    assert expected_reason(reachable(), mail(-HOUR, "unsubscribed"), profile(-HOUR, consent__email=True)) == "unsubscribed"
    assert expected_reason(reachable(), mail(-HOUR, "unsubscribed"), profile(-HOUR + 1, consent__email=True)) == ""
    assert expected_reason(reachable(), mail(-HOUR, "unsubscribed"), campaigns=TRANSACTIONAL) == ""


def test_unsubscribing_suppresses_the_steps_that_follow() -> None:
    shop = abandoned().send(mail(2 * HOUR, "unsubscribed")).until(T + 30 * DAY)
    assert [(m["decision"], m["reason"]) for m in shop.messages[1:]] == [("suppressed", "unsubscribed")] * 2


def test_bounced_until_there_is_another_address() -> None:
    assert expected_reason(reachable(), mail(-HOUR, "bounced")) == "bounced"
    assert expected_reason(reachable(), mail(-HOUR, "bounced"), reachable(-MINUTE)) == "bounced"
    assert expected_reason(reachable(), mail(-HOUR, "bounced"), profile(-MINUTE, email="new@example.org")) == ""
    assert expected_reason(reachable(), mail(-HOUR, "bounced"), campaigns=TRANSACTIONAL) == "bounced"


def test_a_complaint_is_for_good() -> None:
    assert expected_reason(reachable(), mail(-HOUR, "complained")) == "complained"
    assert expected_reason(reachable(), mail(-HOUR, "complained"), profile(-MINUTE, consent__email=True)) == "complained"
    assert expected_reason(reachable(), mail(-HOUR, "complained"), campaigns=TRANSACTIONAL) == "complained"


def test_a_report_that_comes_late_does_not_hide_a_newer_one() -> None:
    late = mail(-3 * HOUR, "unsubscribed")
    assert expected_reason(reachable(), profile(-2 * HOUR, consent__email=True), mail(-HOUR, "unsubscribed"), late) == "unsubscribed"
    new_address = profile(-30 * MINUTE, email="new@example.org")
    assert expected_reason(reachable(), mail(-HOUR, "bounced"), new_address, mail(-2 * HOUR, "bounced")) == ""


def test_deliveries_opens_and_clicks_take_nothing_away() -> None:
    assert expected_reason(reachable(), mail(-HOUR, "delivered"), mail(-HOUR, "opened"), mail(-HOUR, "clicked")) == ""


def test_a_transactional_mail_needs_no_consent_but_an_address() -> None:
    assert expected_reason(profile(-DAY, email="kim@example.org"), campaigns=TRANSACTIONAL) == ""
    assert expected_reason(campaigns=TRANSACTIONAL) == "no_address"


def test_two_campaigns_on_one_trigger_decide_in_file_order() -> None:
    two = CART + CART.split("\n\n", 1)[1].replace('"abandoned_cart"', '"other"')
    shop = Shop(two).send(reachable(), add(0)).until(T + ENTERED + DAY)
    assert [(m["campaign"], m["step"]) for m in shop.messages] == [("abandoned_cart", 1), ("other", 1), ("abandoned_cart", 2), ("other", 2)]


def test_a_definition_change_starts_no_campaign() -> None:
    shop = Shop(segments='[[segment]]\nname = "cart_abandoned"\nfamily = "other"\nwhen = "cart_items > 5"\n').send(reachable(), add(0))
    older = shop.engine
    shop.deploy(CART)
    assert shop.state is not None
    out: list[list[object]] = []
    shop.engine.migrate(shop.state, older, T + DAY, out)
    assert [entry[0] for entry in out if entry[1] == 0] == [0], "the customer enters, because of the definition"
    assert shop.until(T + 30 * DAY).messages == []


def test_a_campaign_taken_out_of_the_file_waits_until_it_is_back() -> None:
    shop = abandoned().deploy('[policy]\nlanguage = "nl"\n').send(view(2 * HOUR)).until(T + 2 * DAY)
    assert len(shop.messages) == 1
    shop.deploy(CART).send(view(2 * DAY + SECOND)).until(T + 2 * DAY + SECOND)
    assert [m["step"] for m in shop.messages] == [1, 2]


def test_steps_taken_out_and_put_in_while_it_runs() -> None:
    one = CART[: CART.index(", { after")] + "]"
    shop = abandoned().deploy(one).send(view(2 * HOUR)).until(T + 9 * DAY)
    assert len(shop.messages) == 1
    shop = abandoned().deploy(CART.replace("24h", "36h")).send(view(2 * HOUR)).until(T + 2 * DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "send", "", ENTERED + 36 * HOUR)]


def test_a_trigger_that_names_another_segment_now_ends_it() -> None:
    shop = abandoned().deploy(CART.replace('segment = "cart_abandoned"', 'segment = "buyer"')).send(view(2 * HOUR)).until(T + 2 * DAY)
    assert shop.decisions()[1:] == [("abandoned_cart", 2, "cancelled", "trigger_changed", ENTERED + DAY)]


def test_nothing_runs_without_campaigns() -> None:
    shop = Shop("").send(reachable(), add(0)).until(T + DAY)
    assert shop.messages == [] and shop.state is not None and shop.state.campaigns is None
    assert Campaigns().due(shop.state, T) == NEVER
