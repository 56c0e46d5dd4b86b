"""Engagement and the profile: section 3."""

from __future__ import annotations

import pytest

from tests.contracts.scenario import Story, story, tiers, toml

WEIGHTS = {
    "page_view": 1, "wishlist_add": 2, "cart_add": 3, "checkout_started": 4, "email_clicked": 2, "feedback": 3, "email_opened": 0.5,
    "purchase": 10, "cart_remove": 0, "cart_update": 0, "cart_clear": 0, "refund": 0, "email_delivered": 0, "profile": 0,
}  # fmt: skip
FIELDS: dict[str, dict[str, object]] = {
    "wishlist_add": {"product_id": "a"}, "cart_add": {"product_id": "a"}, "cart_remove": {"product_id": "a"},
    "cart_update": {"product_id": "a"},
    "purchase": {"order_id": "o1"}, "refund": {"order_id": "o1"}, "feedback": {"kind": "nps"}, "profile": {"language": "nl"},
    "email_clicked": {"message_id": "m"}, "email_opened": {"message_id": "m"}, "email_delivered": {"message_id": "m"},
}  # fmt: skip


@pytest.mark.parametrize("event_type", WEIGHTS)
def test_weights(event_type: str) -> None:
    it = story()
    it.event("10:00", event_type, **FIELDS.get(event_type, {}))
    weight = WEIGHTS[event_type]
    it.says("10:00", f"engagement >= {weight}", f"engagement <= {weight}")


def test_an_automatic_opening_weighs_nothing() -> None:
    it = story()
    it.event("10:00", "email_opened", message_id="m", machine=True)
    it.says("10:00", "engagement <= 0", "engagement is not None")


def test_it_halves_in_seven_days() -> None:
    it = story("engagement >= 5")
    it.buys("10:00")
    it.says("+7d 10:00", "engagement >= 5", "engagement <= 5")
    it.passes("+8d 00:00")
    it.tells("10:00 entered by event", "+7d 10:00:00.001 exited by deadline")


def test_above_and_at_least_part_by_a_millisecond() -> None:
    it = story("engagement > 5")
    it.buys("10:00")
    it.passes("+8d 00:00")
    it.tells("10:00 entered by event", "+7d 10:00 exited by deadline")
    below = story("engagement < 5")
    below.buys("10:00")
    below.passes("+8d 00:00")
    below.tells("+7d 10:00:00.001 entered by deadline")
    at_most = story("engagement <= 5")
    at_most.buys("10:00")
    at_most.passes("+8d 00:00")
    at_most.tells("+7d 10:00 entered by deadline")


def test_it_is_a_sum_over_all_events() -> None:
    it = story()
    it.buys("10:00")
    it.buys("+7d 10:00", "o2")
    it.page_view("+14d 10:00")
    it.says("+14d 10:00", "8.499999999 <= engagement <= 8.500000001")


def test_half_life_and_weights_may_be_given() -> None:
    it = Story('[engagement]\nhalf_life = "2h"\n[engagement.weights]\npage_view = 8\ncart_remove = 1\n' + toml("engagement >= 4"))
    it.page_view("10:00")
    it.remove("10:00")
    it.says("10:00", "engagement >= 9", "engagement <= 9")
    it.add("11:00")
    it.says("11:00", "engagement >= 3")
    it.says("12:00", "engagement >= 4.5 + 3 / 1.4142135623731 - 0.000000001")


def test_a_sum_of_powers_never_is_nothing() -> None:
    """Long after a double would have underflowed."""
    it = Story('[engagement]\nhalf_life = "1h"\n' + toml("engagement > 0") + toml("engagement <= 0", "cold"))
    it.page_view("10:00")
    it.refund("+100d 10:00")
    it.passes("+400d 10:00")
    it.tells("10:00 it entered by event")
    cold = Story(toml("engagement > 0") + toml("engagement <= 0", "cold"))
    cold.refund("10:00")
    cold.tells("10:00 cold entered by event")


def test_tiers_fall_one_by_one() -> None:
    it = Story(tiers("level", "high: engagement >= 8", "mid: engagement >= 2", "low"))
    it.buys("10:00")
    it.passes("+40d 00:00")
    changes = [(c["from"], c["to"], c["cause"]) for c in it.changes]
    assert changes == [(None, "high", "event"), ("high", "mid", "deadline"), ("mid", "low", "deadline")]


def test_an_address_that_is_there_and_one_taken_away() -> None:
    it = story("has_email")
    it.event("10:00", "profile", email="")
    it.tells()
    it.event("10:01", "profile", email="kim@example.org")
    it.event("10:02", "profile", language="nl")
    it.tells("10:01 entered by event")
    it.event("10:03", "profile", nulls=("email",))
    it.tells("10:03 exited by event")


def test_consent_unknown_is_false() -> None:
    it = story("email_consent")
    it.event("10:00", "profile", email="kim@example.org", consent={"profiling": True})
    it.tells()
    it.event("10:01", "profile", consent={"email": True})
    it.event("10:02", "profile", consent={"profiling": False})
    it.tells("10:01 entered by event")
    it.event("10:03", "profile", consent={"email": False})
    it.tells("10:03 exited by event")


def test_the_newest_profile_wins_whatever_comes_first() -> None:
    it = story("has_email")
    it.event("10:05", "profile", email="")
    it.event("10:00", "profile", email="kim@example.org", consent={"email": True})
    it.says("10:05", "not has_email", "email_consent")
    it.event("10:05", "profile", email="kim@example.org")
    it.says("10:05", "has_email")
