"""Tiers, and segments that ask for others (section 4)."""

from __future__ import annotations

from tests.contracts.scenario import Story, tiers, toml


def test_every_customer_is_in_one_from_the_first_event_of_any_type() -> None:
    it = Story(tiers("value", "gold: spend >= 100", "silver: spend >= 10", "none"))
    it.event("10:00", "email_delivered", message_id="m")
    it.tells("10:00 moved none > none by event")
    assert it.changes[0]["from"] is None
    assert it.changes[0]["to"] == "none"
    assert it.changes[0]["episode"] == 1
    assert it.members == {"value": "none"}


def test_the_first_true_one_counts() -> None:
    it = Story(tiers("value", "gold: spend >= 100", "silver: spend >= 10", "bronze"))
    it.buys("10:00", "o1", 20)
    it.buys("10:01", "o2", 500)
    it.refund("10:02", "o2", 515)
    it.tells("10:00 moved none > silver by event", "10:01 moved silver > gold by event", "10:02 moved gold > bronze by event")
    assert [c["episode"] for c in it.changes] == [1, 2, 3]


def test_no_move_without_a_difference() -> None:
    it = Story(tiers("visits", "two: page_views == 2", "other"))
    for at in ("10:00", "10:01", "10:02", "10:03"):
        it.page_view(at)
    it.tells("10:00 moved none > other by event", "10:01 moved other > two by event", "10:02 moved two > other by event")


def test_time_moves_between_tiers() -> None:
    it = Story(tiers("usage", "heavy: sessions(hours(4)) >= 2", "light: sessions(hours(4)) >= 1", "gone"))
    it.page_view("10:00")
    it.page_view("11:10")
    it.passes("20:00")
    it.tells(
        "10:00 moved none > light by event", "11:10 moved light > heavy by event",
        "15:00 moved heavy > light by deadline", "16:00 moved light > gone by deadline",
    )  # fmt: skip


def test_an_event_that_lifts_a_tier_only_later() -> None:
    it = Story(tiers("level", "high: purchases >= 2 and since_last_visit >= hours(1)", "mid: page_views >= 100", "low"))
    it.buys("09:00", "o1")
    it.buys("10:00", "o2")
    it.passes("12:00")
    it.tells("09:00 moved none > low by event", "11:00 moved low > high by deadline")


def test_who_asks_is_judged_after_what_it_asks_for_wherever_it_stands() -> None:
    it = Story(
        toml("in_segment('inner') and tier('level') == 'high'", "outer")
        + toml("cart_items > 0", "inner")
        + tiers("level", "high: in_segment('inner')", "low")
    )
    it.page_view("10:00")
    it.add("10:01")
    it.clear("10:02")
    it.tells(
        "10:00 level moved none > low by event",
        "10:01 inner entered by event", "10:01 level moved low > high by event", "10:01 outer entered by event",
        "10:02 inner exited by event", "10:02 level moved high > low by event", "10:02 outer exited by event",
    )  # fmt: skip


def test_dependents_have_the_same_instant_and_cause_at_a_deadline() -> None:
    it = Story(toml("not in_segment('away')", "here") + toml("since_last_visit >= hours(1)", "away"))
    it.page_view("10:00")
    it.passes("12:00")
    it.tells("10:00 here entered by event", "11:00 away entered by deadline", "11:00 here exited by deadline")


def test_a_dependents_holding_counts_from_the_others_change() -> None:
    it = Story(toml("in_segment('away')", "long_away", hold_for="1h") + toml("since_last_visit >= hours(1)", "away"))
    it.page_view("10:00")
    it.passes("11:59:59.999")
    it.tells("11:00 away entered by deadline")
    it.passes("12:00")
    it.tells("12:00 long_away entered by deadline")


def test_a_member_of_a_held_segment_is_seen_when_it_is_one() -> None:
    it = Story(toml("cart_items > 0", "full", hold_for="10m") + toml("in_segment('full')", "asks"))
    it.add("10:00")
    it.passes("10:10")
    it.tells("10:10 full entered by deadline", "10:10 asks entered by deadline")


def test_tiers_in_a_list_and_not_in_one() -> None:
    it = Story(
        tiers("value", "gold: spend >= 100", "silver: spend >= 10", "bronze")
        + toml("tier('value') in ['gold', 'silver']", "good") + toml("tier('value') not in ['gold', 'silver']", "other")
        + toml("tier('value') != 'gold'", "no_gold")
    )  # fmt: skip
    it.page_view("10:00")
    it.buys("10:01", "o1", 20)
    it.buys("10:02", "o2", 100)
    it.tells(
        "10:00 value moved none > bronze by event", "10:00 other entered by event", "10:00 no_gold entered by event",
        "10:01 value moved bronze > silver by event", "10:01 good entered by event", "10:01 other exited by event",
        "10:02 value moved silver > gold by event", "10:02 no_gold exited by event",
    )  # fmt: skip


def test_within_one_evaluation_changes_come_in_file_order() -> None:
    it = Story(
        toml("cart_items > 0", "zeta") + tiers("middle", "full: cart_items > 0", "empty") + toml("cart_adds > 0", "alpha")
        + toml("cart_items == 0", "gone")
    )  # fmt: skip
    it.add("10:00")
    it.clear("10:01")
    it.tells(
        "10:00 zeta entered by event", "10:00 middle moved none > full by event", "10:00 alpha entered by event",
        "10:01 zeta exited by event", "10:01 middle moved full > empty by event", "10:01 gone entered by event",
    )  # fmt: skip
