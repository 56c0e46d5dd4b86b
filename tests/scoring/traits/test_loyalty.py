"""Buying again, and months with an order."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import story
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def lines(*products: str) -> list[dict[str, str]]:
    return [{"product_id": product} for product in products]


def test_who_orders_the_same_again() -> None:
    it = story("repeat_share >= 0.5")
    it.buys("10:00", lines=lines("coffee", "coffee", "filters"))
    it.says("10:01", "repeat_share == 0")
    it.buys("+20d 10:00", "o2", lines=lines("coffee"))
    it.buys("+40d 10:00", "o3", lines=lines("coffee"))
    it.tells("+40d 10:00 entered by event")
    it.refund("+41d 10:00", "o3", lines=lines("coffee"))
    it.says("+41d 11:00", "repeat_share == 0.5")


def test_an_order_whose_earlier_record_comes_late_is_one_order() -> None:
    it = story("repeat_share > 0")
    it.buys("12:00", lines=lines("coffee"))
    it.buys("11:00", lines=lines("coffee"))
    it.says("13:00", "repeat_share == 0", "purchases == 1")
    it.tells()


def test_a_month_without_an_order_shows_as_soon_as_it_has_begun() -> None:
    it = story("month_share >= 0.75")
    for n in range(3):  # March, April, May
        it.buys(f"+{n * 30}d 10:00", f"o{n}")
    it.passes("+200d 00:00")  # three of four months as June is over, three of five as July is
    it.tells("10:00 entered by event", "+152d 00:00 exited by deadline")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    placed = [one for one in rows if one["event_type"] == "purchase"]
    pairs = Counter(product for one in placed for product in {line["product_id"] for line in one.get("lines", [])})
    months = {(at.year * 12 + at.month) for at in (datetime.fromtimestamp(one["ts"] / 1000, UTC) for one in placed)}
    today = datetime.fromtimestamp(now / 1000, UTC)
    this = today.year * 12 + today.month
    last = this if this in months else this - 1
    looked_at = range(max(min(months), last - 23), last + 1) if months else []
    return {
        "repeat_share": (pairs.total() - len(pairs)) / pairs.total() if pairs else None,
        "month_share": sum(month in months for month in looked_at) / len(looked_at) if months else None,
    }


LINE = st.fixed_dictionaries({"product_id": st.sampled_from("abcdef")})
ROWS = [row("purchase", lines=st.lists(LINE, min_size=1, max_size=4)), row("refund", lines=st.lists(LINE, min_size=1, max_size=2))]


@searching(40)
@given(histories(ROWS, days=900, most=14), st.randoms(use_true_random=False))
def test_in_any_order(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["month_share >= 0.5", "repeat_share > 0.3 and month_share < 1"]).holds(dice)


def test_of_many_products_a_sample_is_followed() -> None:
    it = story("repeat_share > 0")
    for n in range(3):
        for half in (0, 1):
            it.buys(f"+{n}d 1{half}:00", f"o{n}{half}", lines=lines(*(f"p{k}" for k in range(half, 400, 2))))
    it.says("+9d 10:00", "repeat_share > 0.66 and repeat_share < 0.67")
