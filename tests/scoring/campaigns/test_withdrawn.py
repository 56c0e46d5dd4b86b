"""Mails whose reason goes after they were decided: withdrawn, once, for a day; delivery leaves out those that still wait."""

from __future__ import annotations

import pytest

from tests.scoring.campaigns.shop import CART, DAY, HOUR, SECOND, SEGMENTS, Shop, T, add, buy, clear, mail, profile, reachable, view

ENTERED = HOUR
ONE = CART[: CART.index(", { after")] + " ]\n"


def sent(file: str = ONE) -> Shop:
    return Shop(file).send(reachable(), add(0)).until(T + ENTERED)


def reasons(shop: Shop) -> list[str]:
    return [each["reason"] for each in shop.withdrawn]


def test_a_purchase_after_the_last_step_withdraws_it() -> None:
    shop = sent().send(buy(2 * HOUR), buy(3 * HOUR, "o2")).until(T + 9 * DAY)
    (message,) = shop.messages
    assert shop.withdrawn == [
        {
            "message_id": message["message_id"], "customer_id": "c1", "campaign": "abandoned_cart", "step": 1, "decision": "withdrawn",
            "reason": "purchase", "at": "2026-03-01T12:00:00.000Z", "change_id": message["change_id"],
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (clear(2 * HOUR), "not_a_member"),
        (mail(2 * HOUR, "unsubscribed"), "unsubscribed"),
        (mail(2 * HOUR, "complained"), "complained"),
        (mail(2 * HOUR, "bounced"), "bounced"),
        (profile(2 * HOUR, consent__email=False), "no_consent"),
        (profile(2 * HOUR, email=None), "no_address"),
    ],
)  # fmt: skip
def test_so_do_membership_consent_and_the_address(event: object, reason: str) -> None:
    assert reasons(sent().send(event)) == [reason]  # type: ignore[arg-type]


def test_what_leaves_its_reason_standing_withdraws_nothing() -> None:
    assert reasons(sent().send(view(2 * HOUR), add(3 * HOUR, "p2"), mail(4 * HOUR, "opened"), profile(5 * HOUR, city="Gent"))) == []


def test_a_segment_left_by_time_alone() -> None:
    fresh = SEGMENTS + '[[segment]]\nname = "fresh"\nfamily = "other"\nwhen = "since_last_visit < hours(5)"\n'
    shop = Shop(ONE.replace("steps =", "while = \"in_segment('fresh')\"\nsteps ="), fresh).send(reachable(), add(0)).until(T + 5 * HOUR - 1)
    assert reasons(shop) == []
    assert reasons(shop.until(T + 5 * HOUR)) == ["not_a_member"]


def test_a_day_later_it_has_long_gone() -> None:
    shop = sent().send(buy(ENTERED + DAY - 1))
    assert reasons(shop) == ["purchase"]
    shop = sent().send(buy(ENTERED + DAY))
    assert reasons(shop) == [] and shop.state is not None and shop.state.campaigns is None


def test_a_purchase_within_a_run_cancels_what_comes_and_withdraws_what_was_sent() -> None:
    shop = Shop().send(reachable(), add(0)).until(T + ENTERED + DAY).send(buy(ENTERED + DAY + HOUR))
    assert [m["decision"] for m in shop.messages] == ["send", "send", "cancelled"]
    assert [each["step"] for each in shop.withdrawn] == [2], "the first is a day old"


def test_a_run_that_begins_anew_withdraws_what_the_one_before_sent() -> None:
    shop = sent()
    short = [clear(2 * HOUR), add(2 * HOUR + SECOND)]
    assert reasons(shop.send(*short).until(T + 4 * HOUR)) == ["not_a_member"]
    lasting = ONE.replace("steps =", 'while = "has_email"\nsteps =')
    assert reasons(sent(lasting).send(*short).until(T + 4 * HOUR)) == ["restarted"]


def test_a_campaign_that_is_excluded_too() -> None:
    thanks = (
        '[[campaign]]\nname = "thanks"\ntrigger = { segment = "buyer" }\nexcludes = ["abandoned_cart"]\nsteps = [ { template = "t" } ]\n'
    )
    shop = sent(ONE.replace("steps =", 'stop_on = []\nwhile = "has_email"\nsteps =') + thanks).send(buy(2 * HOUR))
    assert reasons(shop) == ["excluded by thanks"]


def test_a_late_purchase_from_before_the_trigger_withdraws_it_when_it_takes_it_back() -> None:
    assert reasons(sent().send(buy(HOUR // 2))) == ["purchase"]
    assert reasons(sent().send(buy(-HOUR))) == []


def test_a_campaign_taken_out_of_the_file_withdraws_nothing() -> None:
    assert reasons(sent().deploy("").send(buy(2 * HOUR))) == []


def test_what_ends_a_customer_ends_its_campaigns() -> None:
    shop = Shop().send(reachable(), add(0)).until(T + ENTERED)
    assert shop.state is not None and shop.engine.campaigns is not None
    out: list[list[object]] = []
    shop.engine.campaigns.end_all(shop.state, T + 2 * HOUR, "erasure", out)
    assert [(entry[0], entry[2], entry[3], entry[4]) for entry in out] == [(1, 2, "cancelled", "erasure"), (2, 1, "withdrawn", "erasure")]
    assert shop.state.campaigns is None
