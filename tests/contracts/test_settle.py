"""`settle`: a change counts once it has lasted, so that nobody flaps on a threshold."""

from __future__ import annotations

import pytest

from scoring.segments.faults import Faults
from scoring.segments.read import read
from tests.contracts.scenario import Story, tiers, toml


def test_in_and_out_only_what_lasts() -> None:
    it = Story(toml("cart_items >= 2", settle="1h"))
    it.add("10:00", quantity=2)
    it.remove("10:30", quantity=1)
    it.add("10:40", quantity=1)
    it.passes("11:00")
    it.tells()
    it.passes("12:00")
    it.remove("12:00", quantity=1)
    it.add("12:59:59.999", quantity=1)
    it.remove("13:30", quantity=1)
    it.passes("20:00")
    it.tells("11:40 entered by deadline", "14:30 exited by deadline")
    assert "cart_items 2 >= 2" in it.changes[0]["reason"]


def test_an_event_at_the_very_instant_comes_first() -> None:
    it = Story(toml("cart_items >= 2", settle="1h"))
    it.add("10:00", quantity=2)
    it.remove("11:00", quantity=1)
    it.passes("15:00")
    it.tells()


def test_with_a_cooldown() -> None:
    it = Story(toml("cart_items >= 2", settle="1h", cooldown="5h"))
    it.add("10:00", quantity=2)
    it.remove("11:30", quantity=1)
    it.add("13:00", quantity=1)
    it.passes("20:00")
    it.tells("11:00 entered by deadline", "12:30 exited by deadline", "17:30 entered by deadline")


def settling(*rows: str) -> str:
    return tiers("level", *rows) + 'settle = "1h"\n'


def test_tiers_move_when_the_same_other_tier_has_lasted() -> None:
    it = Story(settling("high: cart_items >= 5", "mid: cart_items >= 2", "low"))
    it.add("10:00", quantity=2)  # the first tier counts at once
    it.add("11:00", quantity=3)
    it.remove("11:30", quantity=4)  # never high for an hour: what it would be begins anew
    it.passes("12:29:59.999")
    assert it.members == {"level": "mid"}
    it.passes("20:00")
    it.tells("10:00 moved none > mid by event", "12:30 moved mid > low by deadline")


def test_who_asks_sees_what_has_settled() -> None:
    it = Story(toml("in_segment('inner')", "outer") + toml("cart_items > 0", "inner", settle="1h"))
    it.add("10:00")
    it.clear("11:30")
    it.passes("20:00")
    it.tells(
        "11:00 inner entered by deadline", "11:00 outer entered by deadline",
        "12:30 inner exited by deadline", "12:30 outer exited by deadline",
    )  # fmt: skip


def test_not_together_with_what_is_for_one_way() -> None:
    with pytest.raises(Faults) as told:
        read(toml("cart_items > 0", settle="1h", hold_for="1h", exit_when="cart_items == 0"))
    assert [fault.message for fault in told.value.faults] == [
        "`settle` does not go with `exit_when`", "`settle` does not go with `hold_for`",
    ]  # fmt: skip


def test_time_in_a_segment_and_in_a_tier() -> None:
    it = Story(
        toml("since_entered('filled') >= hours(2)", "long")
        + toml("cart_items > 0", "filled")
        + tiers("value", "gold: spend >= 100", "plain")
        + toml("tier('value') == 'gold' and since_entered('value') >= days(1)", "gold_for_a_day")
    )
    it.add("10:00")
    it.passes("12:30")
    it.buys("13:00", total=200)
    it.passes("+2d 00:00")
    it.tells(
        "10:00 filled entered by event", "10:00 value moved none > plain by event", "12:00 long entered by deadline",
        "13:00 filled exited by event", "13:00 long exited by event", "13:00 value moved plain > gold by event",
        "+1d 13:00 gold_for_a_day entered by deadline",
    )  # fmt: skip
