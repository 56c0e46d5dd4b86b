"""Advocacy, the journey and the use of features: counts of what page views, carts and reviews say."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import DAY, Story, story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

HOUR = 3_600_000


def test_recommending_us() -> None:
    it = Story(toml("recommendations(days(30)) >= 3", "advocate") + toml("shares >= 1 and referrals >= 1", "both"))
    it.page_view("10:10", feature="share")
    it.page_view("10:20", feature="refer")
    it.page_view("10:30", feature="zoom")
    it.event("10:40", "feedback", kind="review", score=3)
    it.event("10:50", "feedback", kind="nps", score=10)
    it.event("11:00", "feedback", kind="review", score=8, max_score=10)
    it.passes("+40d 00:00")
    it.tells("10:20 both entered by event", "11:00 advocate entered by event", "+30d 11:00 advocate exited by deadline")


def test_about_to_decide() -> None:
    it = story("deciding_views(days(7)) >= 2 and checkouts >= 1")
    it.page_view("10:00", page_type="shipping")
    it.page_view("10:05", page_type="article")
    it.checkout("10:10")
    it.page_view("10:20", page_type="reviews")
    it.passes("+10d 00:00")
    it.tells("10:20 entered by event", "+7d 11:00 exited by deadline")


def test_what_is_used_most() -> None:
    it = Story(toml("top_feature == 'search'") + toml("feature_uses('size_finder', days(1)) >= 2", "fits"))
    it.page_view("10:00", feature="size_finder")
    it.page_view("10:05", feature="search")  # of two once each the first by alphabet
    it.tells("10:05 it entered by event")
    it.page_view("10:10", feature="size_finder")
    it.page_view("10:20", feature="x" * 41)
    it.passes("+2d 00:00")
    it.tells("10:10 it exited by event", "10:10 fits entered by event", "+1d 11:00 fits exited by deadline")
    it.says("+2d 00:00", "features_used == 2", "feature_uses('size_finder') == 2", "feature_uses('nothing') == 0")


def test_of_very_many_features_some_are_kept() -> None:
    it = story("features_used >= 12")
    for n in range(60):
        it.page_view(f"10:{n:02}", feature=f"f{n}")
    it.says("11:00", "features_used == 12")


FEATURES = ["share", "refer", "zoom", "search"]


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    def within(found: list[Row], days: int) -> int:
        return sum((one["ts"] // HOUR + 1) * HOUR + days * DAY > now for one in found)

    views = [one for one in rows if one["event_type"] == "page_view"]
    used = Counter(one["feature"] for one in views if "feature" in one)
    reviews = [one for one in rows if one.get("kind") == "review" and one.get("score", 0) >= 0.8 * (one.get("max_score") or 5)]
    shares, referrals = ([one for one in views if one.get("feature") == feature] for feature in ("share", "refer"))
    deciding = [one for one in views if one.get("page_type") in ("checkout", "shipping", "returns", "warranty", "reviews", "size_guide")]
    return {
        "shares": len(shares),
        "referrals(days(3))": within(referrals, 3),
        "recommendations(days(30))": within(shares + referrals + reviews, 30),
        "deciding_views(days(3))": within(deciding, 3),
        "checkouts": sum(one["event_type"] == "checkout_started" for one in rows),
        "features_used": len(used),
        "top_feature": min(used, key=lambda each: (-used[each], each)) if used else None,
        "feature_uses('zoom', days(30))": within([one for one in views if one.get("feature") == "zoom"], 30),
        "feature_uses('search')": used["search"],
    }


ROWS = [
    row("page_view", feature=st.sampled_from(FEATURES), page_type=st.sampled_from(["home", "reviews", "checkout", "size_guide"])),
    row("feedback", score=st.integers(0, 9), max_score=st.just(10)).map(lambda one: one | {"kind": "review"}),
    row("checkout_started"),
]
CONDITIONS = [
    "recommendations(days(3)) >= 2",
    "feature_uses('zoom', days(30)) >= 1",
    "deciding_views(days(7)) >= 2",
    "top_feature == 'zoom'",
]


@searching(60)
@given(histories(ROWS, days=40, most=16), st.randoms(use_true_random=False))
def test_in_any_order(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)
