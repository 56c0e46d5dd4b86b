"""The policy as scenarios: caps, priority, exclusion, re-entry, each at its boundary. Quiet hours are in test_quiet_hours.py."""

from __future__ import annotations

import pytest

from tests.scoring.campaigns.shop import CART, DAY, HOUR, MINUTE, Shop, T, add, buy, clear, mail, profile, reachable, view

ENTERED = HOUR

THANKS = """
[[campaign]]
name = "thanks"
trigger = { segment = "buyer" }
stop_on = []
steps = [ { template = "thanks" } ]
"""


def policy(text: str, *campaigns: str) -> str:
    return f"[policy]\n{text}\n" + "".join(campaigns)


def cart(steps: str, more: str = "", name: str = "cart") -> str:
    return f'[[campaign]]\nname = "{name}"\ntrigger = {{ segment = "cart_abandoned" }}\nsteps = [ {steps} ]\n{more}\n'


# ---- caps

ONE_A_DAY = 'caps = [ { count = 1, per = "24h" } ]'


@pytest.mark.parametrize(("after", "expected"), [("23h", ("suppressed", "cap 24h")), ("24h", ("send", ""))])
def test_a_cap_counts_in_sliding_time_to_the_millisecond(after: str, expected: tuple[str, str]) -> None:
    file = policy(ONE_A_DAY, cart(f'{{ template = "a" }}, {{ after = "{after}", template = "b" }}'))
    shop = Shop(file).send(reachable(), add(0)).until(T + 9 * DAY)
    assert [(m["decision"], m["reason"]) for m in shop.messages] == [("send", ""), expected]


def test_a_millisecond_sooner_is_too_soon() -> None:
    file = policy(ONE_A_DAY, cart('{ template = "a" }, { after = "86399.999s", template = "b" }, { after = "86400s", template = "c" }'))
    shop = Shop(file).send(reachable(), add(0)).until(T + 9 * DAY)
    assert [(m["decision"], m["reason"]) for m in shop.messages] == [("send", ""), ("suppressed", "cap 24h"), ("send", "")]


def test_caps_count_over_all_campaigns() -> None:
    file = policy(ONE_A_DAY, cart('{ template = "a" }'), THANKS)
    shop = Shop(file).send(reachable(), add(0)).until(T + ENTERED).send(buy(2 * HOUR)).until(T + DAY)
    assert shop.decisions() == [("cart", 1, "send", "", ENTERED), ("thanks", 1, "suppressed", "cap 24h", 2 * HOUR)]


def test_the_first_cap_of_the_file_that_is_reached_is_told() -> None:
    caps = 'caps = [ { count = 2, per = "2d" }, { count = 3, per = "7d" } ]'
    steps = ", ".join(f'{{ after = "{days}d", template = "t" }}' for days in (0, 1, 1.5, 2, 3, 7, 7.5))
    shop = Shop(policy(caps, cart(steps))).send(reachable(), add(0)).until(T + 9 * DAY)
    told = [m["reason"] or m["decision"] for m in shop.messages]
    assert told == ["send", "send", "cap 2d", "send", "cap 7d", "send", "cap 7d"]


def test_only_mails_that_were_sent_count() -> None:
    file = policy(ONE_A_DAY, cart('{ template = "a" }, { after = "1h", template = "b" }'))
    shop = Shop(file).send(profile(-DAY, email="kim@example.org"), add(0)).until(T + ENTERED)
    shop.send(profile(ENTERED + MINUTE, consent__email=True)).until(T + DAY)
    assert [m["reason"] or m["decision"] for m in shop.messages] == ["no_consent", "send"]


def test_transactional_mails_neither_count_nor_meet_the_caps() -> None:
    file = policy(
        ONE_A_DAY, THANKS.replace("stop_on", "transactional = true\nstop_on"), cart('{ template = "a" }, { after = "1h", template = "b" }')
    )
    shop = Shop(file).send(reachable(), buy(-HOUR), add(0)).until(T + DAY)
    assert [(m["campaign"], m["reason"] or m["decision"]) for m in shop.messages] == [
        ("thanks", "send"),
        ("cart", "send"),
        ("cart", "cap 24h"),
    ]


def test_without_caps_nothing_is_remembered_and_with_them_only_what_counts() -> None:
    shop = Shop(CART).send(reachable(), add(0)).until(T + 9 * DAY)
    assert shop.state is not None and "sent" not in (shop.state.mail or {})
    shop = Shop(policy(ONE_A_DAY, CART.split("\n\n", 1)[1])).send(reachable(), add(0)).until(T + 9 * DAY)
    assert shop.state is not None and shop.state.mail is not None and shop.state.mail["sent"] == [T + ENTERED + 3 * DAY]


# ---- priority

TWO = cart('{ template = "a" }', "priority = 1", "low") + cart('{ template = "b" }', "priority = 2", "high")


def test_of_two_due_at_one_instant_the_higher_is_sent_and_the_other_meets_the_cap() -> None:
    shop = Shop(policy(ONE_A_DAY, TWO)).send(reachable(), add(0)).until(T + DAY)
    assert shop.decisions() == [("high", 1, "send", "", ENTERED), ("low", 1, "suppressed", "cap 24h", ENTERED)]


def test_where_the_higher_is_not_sent_the_other_is() -> None:
    never = TWO.replace('"high"\n', '"high"\nwhile = "cart_value > 1000"\n')
    shop = Shop(policy(ONE_A_DAY, never)).send(reachable(), add(0)).until(T + DAY)
    assert [(m["campaign"], m["reason"] or m["decision"]) for m in shop.messages] == [("high", "not_a_member"), ("low", "send")]


def test_a_step_due_by_time_and_one_started_by_an_event_of_that_instant() -> None:
    """Whichever is the higher: the event comes first, and both are decided after it."""
    for thanks, expected in ((5, ["thanks", "cart"]), (-5, ["cart", "thanks"])):
        file = policy(
            ONE_A_DAY, cart('{ after = "1h", template = "a" }', "stop_on = []\nwhile = 'has_email'"), THANKS + f"priority = {thanks}\n"
        )
        shop = Shop(file).send(reachable(), add(0)).until(T + ENTERED).send(buy(ENTERED + HOUR)).until(T + DAY)
        assert [(m["campaign"], m["reason"] or m["decision"]) for m in shop.messages] == [(expected[0], "send"), (expected[1], "cap 24h")]


def test_equals_go_in_file_order() -> None:
    file = policy(ONE_A_DAY, TWO.replace("priority = 1", "priority = 2"))
    shop = Shop(file).send(reachable(), add(0)).until(T + DAY)
    assert [m["campaign"] for m in shop.messages] == ["low", "high"]


# ---- exclusion


def running(more: str = "", thanks: str = "", stop: str = "stop_on = []\nwhile = 'has_email'") -> Shop:
    """A cart campaign runs when the customer buys and the other one starts."""
    file = cart('{ template = "a" }, { after = "24h", template = "b" }', f"{stop}\n{more}") + THANKS + thanks
    return Shop(file).send(reachable(), add(0)).until(T + ENTERED).send(buy(2 * HOUR)).until(T + 3 * DAY)


def test_starting_one_ends_those_it_excludes() -> None:
    assert running(thanks='excludes = ["cart"]').decisions() == [
        ("cart", 1, "send", "", ENTERED),
        ("cart", 2, "cancelled", "excluded by thanks", 2 * HOUR),
        ("thanks", 1, "send", "", 2 * HOUR),
    ]


def test_it_does_not_keep_them_from_starting_later() -> None:
    file = cart('{ template = "a" }', "stop_on = []") + THANKS + 'excludes = ["cart"]'
    shop = Shop(file).send(reachable(), buy(0), add(HOUR)).until(T + DAY)
    assert [(m["campaign"], m["decision"]) for m in shop.messages] == [("thanks", "send"), ("cart", "send")]


def both(first: str, second: str) -> list[tuple[str, str]]:
    """Two campaigns that start at the same instant."""
    file = cart('{ template = "a" }', first, "one") + cart('{ template = "b" }', second, "two").replace("cart_abandoned", "buyer")
    shop = Shop(file, SAME).send(reachable(), buy(0)).until(T + DAY)
    return [(m["campaign"], m["reason"] or m["decision"]) for m in shop.messages]


SAME = """
[[segment]]
name = "cart_abandoned"
family = "other"
when = "purchases > 0"

[[segment]]
name = "buyer"
family = "other"
when = "purchases > 0"
"""


def test_of_two_that_start_at_one_instant_the_one_that_excludes_stays() -> None:
    nothing = "stop_on = []"
    assert both(nothing, 'excludes = ["one"]') == [("one", "excluded by two"), ("two", "send")]
    assert both('excludes = ["two"]\npriority = -5', nothing) == [("two", "excluded by one"), ("one", "send")]


def test_of_two_that_exclude_each_other_the_higher_stays() -> None:
    one, two = 'excludes = ["two"]', 'excludes = ["one"]'
    assert both(one, two) == [("two", "excluded by one"), ("one", "send")]
    assert both(one, two + "\npriority = 1") == [("one", "excluded by two"), ("two", "send")]


# ---- re-entry


@pytest.mark.parametrize(("gap", "expected"), [(7 * DAY - 1, "reentry 7d"), (7 * DAY, "send")])
def test_not_started_again_sooner(gap: int, expected: str) -> None:
    shop = Shop(cart('{ template = "a" }', 'reentry = "7d"')).send(reachable(), add(0)).until(T + ENTERED)
    shop.send(clear(2 * HOUR), add(gap)).until(T + gap + DAY)
    assert [(m["step"], m["reason"] or m["decision"]) for m in shop.messages] == [(1, "send"), (1, expected)]


def test_a_start_that_is_refused_leaves_the_running_campaign_as_it_is() -> None:
    shop = Shop(CART + 'reentry = "7d"\n').send(reachable(), add(0)).until(T + ENTERED)
    shop.send(clear(2 * HOUR), add(3 * HOUR)).until(T + 30 * DAY)
    assert shop.decisions() == [
        ("abandoned_cart", 1, "send", "", ENTERED),
        ("abandoned_cart", 1, "suppressed", "reentry 7d", 4 * HOUR),
        ("abandoned_cart", 2, "send", "", ENTERED + DAY),
        ("abandoned_cart", 3, "send", "", ENTERED + 3 * DAY),
    ]
    assert len({m["message_id"] for m in shop.messages}) == 4


def test_what_ended_counts_as_started_too() -> None:
    shop = Shop(CART + 'reentry = "7d"\n').send(reachable(), add(0)).until(T + ENTERED)
    shop.send(buy(2 * HOUR), add(DAY)).until(T + 2 * DAY)
    assert [m["reason"] or m["decision"] for m in shop.messages] == ["send", "purchase", "reentry 7d"]


def test_starts_are_forgotten_when_nobody_asks_for_them() -> None:
    two = cart('{ template = "a" }', 'reentry = "1d"', "one") + cart('{ template = "b" }', 'reentry = "30d"', "two")
    shop = Shop(two).send(reachable(), add(0)).until(T + ENTERED).send(clear(2 * DAY), add(3 * DAY)).until(T + 4 * DAY)
    assert shop.state is not None and shop.state.mail is not None
    assert shop.state.mail["started"] == {"one": T + 3 * DAY + ENTERED, "two": T + ENTERED}


# ---- soft bounces


def test_a_soft_bounce_stops_nothing() -> None:
    soft = mail(-HOUR, "bounced")
    soft.soft = True
    shop = Shop(CART + 'stop_on = ["email_bounced"]\n').send(reachable(), soft, add(0)).until(T + ENTERED)
    later = mail(2 * HOUR, "bounced")
    later.soft = True
    shop.send(later).until(T + ENTERED + DAY)
    assert [m["reason"] or m["decision"] for m in shop.messages] == ["send", "send"]
    shop.send(mail(2 * DAY, "bounced")).until(T + 9 * DAY)
    assert shop.decisions()[2:] == [("abandoned_cart", 3, "cancelled", "email_bounced", 2 * DAY)]


def test_an_automatic_open_stops_nothing() -> None:
    shop = Shop(CART + 'stop_on = ["email_opened"]\n').send(reachable(), add(0)).until(T + ENTERED)
    fetched = mail(2 * HOUR, "opened")
    fetched.machine = True
    shop.send(fetched).until(T + ENTERED + DAY)
    assert [m["decision"] for m in shop.messages] == ["send", "send"] and shop.withdrawn == []
    shop.send(mail(2 * DAY, "opened")).until(T + 9 * DAY)
    assert shop.decisions()[2:] == [("abandoned_cart", 3, "cancelled", "email_opened", 2 * DAY)]


def test_all_of_it_at_once_is_the_same_in_leaps_and_small_steps() -> None:
    file = policy(
        'quiet_hours = "21:00-08:00"\n' + ONE_A_DAY, TWO, THANKS, 'excludes = ["low"]\nvariants = { a = 1, b = 1 }\nhold_out = 0.5\n'
    )
    events = (reachable(), add(0), view(5 * HOUR), buy(DAY), add(2 * DAY))
    leap, steps = Shop(file).send(*events).until(T + 9 * DAY), Shop(file)
    for event in events:
        steps.send(event)
    for hour in range(50, 9 * 24 + 1):
        steps.until(T + hour * HOUR)
    assert steps.messages == leap.messages and len(leap.messages) > 3
