"""Interests: shares that fade with one half-life, what is on top, and what rises."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.schema import PageView
from scoring.segments.faults import Faults
from scoring.segments.read import read
from scoring.state import DAY, encode
from tests.contracts.scenario import BEGIN, Story, tiers, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def test_shares_do_not_change_with_time_alone() -> None:
    it = Story(toml("interest('shoes') >= 0.6"))
    it.page_view("10:00")
    it.denies("10:00", "interest('shoes') >= 0", "top_interest is not None")
    it.page_view("10:01", category_id="shoes")
    it.add("10:02", category_id="coats")
    it.wish("10:03")  # of no category
    it.tells("10:01 entered by event", "10:02 exited by event")
    for at in ("10:03", "+300d 00:00"):
        it.says(
            at, "0.24999 < interest('shoes') < 0.25001", "top_interest_share is None", "top_interest == 'coats'", "interest('hats') == 0"
        )


def test_what_is_old_weighs_half_after_four_weeks() -> None:
    it = Story(toml("page_views >= 1"))
    it.page_view("10:00", category_id="shoes")
    it.page_view("10:00", category_id="shoes")
    it.page_view("+28d 10:00", category_id="coats")
    it.says("+28d 10:00", "interest('shoes') == 0.5", "top_interest == 'coats'")  # equal: the first by name
    it.buys("+56d 10:00", lines=[{"category_id": "hats"}, {"category_id": "hats"}, {"product_id": "p"}])
    it.refund("+56d 10:01", lines=[{"category_id": "shoes"}])
    it.says("+56d 10:02", "0.90908 < interest('hats') < 0.9091", "0.04545 < interest('shoes') < 0.04546")


def test_an_interest_rises_when_it_is_new() -> None:
    it = Story(tiers("rising", "tents: rising_interest == 'tents'", "something: rising_interest is not None", "none"))
    for n in range(9):
        it.page_view(f"1{n}:00", category_id="shoes")
    for n in range(4):
        it.page_view(f"+28d 10:0{n}", category_id="tents")
    it.tells("10:00 moved none > none by event")  # four looks are not enough
    it.page_view("+28d 10:05", category_id="tents")
    it.page_view("+28d 10:06", category_id="tents")
    it.says("+28d 10:06", "top_interest_share == 0.57")  # of 6 and 4.5
    for n in range(5):
        it.page_view(f"+56d 10:0{n}", category_id="shoes")
    it.tells(
        "+28d 10:06 moved none > tents by event", "+56d 10:00 moved tents > none by event", "+56d 10:04 moved none > something by event"
    )


def test_it_lives_through_a_century_and_a_robot() -> None:
    it = Story(toml("page_views >= 1"))
    state = None
    for year in range(0, 7_000, 60):
        state = it.engine.event(state, PageView("c1", BEGIN + year * 365 * DAY, category_id="old" if year < 6_900 else "new"), [])
    it.state = state
    assert it.judge("10:00", "top_interest == 'new' and interest('old') < 0.001")
    for n in range(100):
        it.page_view("+20d 10:00", category_id=f"{n:03}" * 300)
    assert it.state is not None and len(encode(it.state)) < 3_000


SCORES = {"page_view": 1, "wishlist_add": 3, "cart_add": 3}


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    def shares(half_life: int) -> dict[str, float]:
        weights: dict[str, float] = {}
        for one in rows:
            for category, weight in seen(one):
                weights[category] = weights.get(category, 0) + weight * 2 ** ((one["ts"] - now) / half_life)
        return {category: weight / sum(weights.values()) for category, weight in weights.items()}

    def seen(one: Row) -> list[tuple[str, float]]:
        if one["event_type"] == "purchase":
            return [(line["category_id"], 5) for line in one.get("lines", [])]
        return [(one["category_id"], SCORES[one["event_type"]])] if "category_id" in one else []

    def recent(category: str) -> float:
        newest = max(one["ts"] for one in rows if seen(one))
        return sum(w * 2 ** ((one["ts"] - newest) / (7 * DAY)) for one in rows for c, w in seen(one) if c == category)

    many = sum(len(seen(one)) for one in rows)
    long, short = shares(28 * DAY), shares(7 * DAY)
    rises = {category: short[category] - long[category] for category in long}
    rising = [category for category in sorted(rises) if rises[category] >= max(max(rises.values()) - 1e-5, 0.2 - 1e-5)]
    return {
        "interest('a')": long.get("a", 0.0) if long else None,
        "top_interest": min((c for c in long if long[c] >= max(long.values()) * (1 - 1e-5)), default=None),
        "top_interest_share": int(100 * (max(long.values()) + 1e-5)) / 100 if many >= 10 else None,
        "rising_interest": rising[0] if many >= 10 and rising and recent(rising[0]) >= 5 - 1e-5 else None,
    }


CATEGORIES = st.sampled_from("abc")
ROWS = [
    row("page_view", category_id=CATEGORIES),
    row("cart_add", category_id=CATEGORIES).map(lambda one: one | {"product_id": "p"}),
    row("wishlist_add", category_id=CATEGORIES).map(lambda one: one | {"product_id": "p"}),
    row("purchase", lines=st.lists(st.fixed_dictionaries({"category_id": CATEGORIES}), max_size=2)),
]


@searching(25)
@given(histories(ROWS, most=16), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(
        rows, naive, ["interest('a') >= 0.5", "top_interest == 'b'", "rising_interest is None", "top_interest_share < 0.5"], exact=1e-5
    ).holds(dice, later=(0, DAY, 45 * DAY))


@pytest.mark.parametrize("wrong", ["interest >= 0.5", "interest() > 0", "interest('a', days(3)) > 0", "top_interest > 'a'"])
def test_what_it_cannot_be_asked(wrong: str) -> None:
    with pytest.raises(Faults):
        read(toml(wrong))
