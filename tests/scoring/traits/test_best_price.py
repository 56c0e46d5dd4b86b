"""Waits for the best price: discounts, sale pages, and what was left at the full price and bought for less."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.state import HOUR, encode
from tests.contracts.scenario import DAY, Story, story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def test_the_share_of_orders_with_a_discount_or_a_coupon() -> None:
    it = Story(toml("discounted_orders(days(365)) / purchases(days(365)) >= 0.6"))
    it.buys("10:00", "o1", total=20, discount=0, coupon=" ")
    it.buys("11:00", "o2", total=20, coupon="SAVE10")
    it.buys("12:00", "o3", total=20, discount=2.5)
    it.refund("13:00", "o3", total=20, discount=2.5)
    it.says("13:00", "discounted_orders == 2")
    it.buys("+10d 10:00", "o4", total=20)
    it.tells("12:00 entered by event", "+10d 10:00 exited by event")
    it.passes("+366d 00:00")
    it.tells()  # at the end of the year's window all three of that day go at once


def test_views_of_sale_pages() -> None:
    it = story("sale_views(days(1)) >= 2")
    it.page_view("10:20", page_type="sale")
    it.page_view("10:30", page_type="product", url="https://shop.example/sale")
    it.page_view("11:10", page_type="sale")
    it.passes("+2d 00:00")
    it.tells("11:10 entered by event", "+1d 11:00 exited by deadline")


@pytest.mark.parametrize(
    ("paid", "order", "reduced"),
    [
        ({"price": 79.99}, {}, True),
        ({"price": 80}, {}, False),
        ({"price": 80}, {"coupon": "SAVE10"}, True),  # the order as a whole was reduced
        ({"price": 81}, {"discount": 5}, False),
        ({}, {"discount": 5}, True),
        ({}, {}, False),  # what was paid isn't known
    ],
)
def test_left_at_the_full_price_and_bought_for_less(paid: dict[str, Any], order: dict[str, Any], reduced: bool) -> None:
    it = story("bought_reduced >= 1")
    it.add("10:00", "coat", price=80)
    it.add("+1d 08:00", "coat", price=90)  # not the first
    it.buys("+1d 10:00", lines=[{"product_id": "coat"} | paid], **order)
    it.tells(*["+1d 10:00 entered by event"] * reduced)


def test_bought_within_a_day_was_not_waited_for() -> None:
    it = story("bought_reduced >= 1")
    it.add("10:00", "coat", price=80)
    it.buys("+1d 09:59:59", lines=[{"product_id": "coat", "price": 70}])
    it.buys("+3d 10:00", "o2", lines=[{"product_id": "coat", "price": 60}])  # not the first order
    it.add("+4d 10:00", "hat")
    it.buys("+6d 10:00", "o3", lines=[{"product_id": "hat", "price": 5}])  # at what price it lay in the cart isn't known
    it.tells()


def test_a_late_addition_to_the_cart_finds_its_order() -> None:
    it = story("bought_reduced(days(30)) >= 1")
    it.page_view("09:00")
    it.buys("+1d 10:00", lines=[{"product_id": "coat", "price": 70}, {"price": 3}])
    it.add("10:00", "coat", price=80)
    it.passes("+40d 00:00")
    it.tells("+1d 10:00 entered by late_event", "+31d 11:00 exited by deadline")


def test_an_order_told_of_twice_counts_once_whichever_record_comes_first() -> None:
    it = Story(toml("discounted_orders >= 2"))
    it.page_view("09:00")
    it.buys("10:00", "o1", coupon="X")
    assert not it.buys("11:00", "o1", coupon="X")
    it.buys("09:30", "o1", coupon="X")  # the core takes the earlier one
    it.says("11:00", "discounted_orders == 1", "purchases == 1")
    it.tells()


def test_a_robots_cart_and_orders_stay_small() -> None:
    it = Story(toml("bought_reduced >= 1"))
    for n in range(200):
        it.add(f"+{n // 20}d {n % 20:02}:10", f"p{n}", price=n)
        if n % 4 == 0:
            it.buys(
                f"+{n // 20}d {n % 20:02}:20", f"o{n}", coupon="X", lines=[{"product_id": f"p{n - 3 * k}", "price": 1} for k in range(30)]
            )
    assert it.state is not None
    assert len(encode(it.state)) < 12_000
    it.says("+10d 00:00", "bought_reduced <= 5", "discounted_orders == 50")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    def within(instants: list[int], window: int | None) -> int:
        return sum(window is None or (ts // HOUR + 1) * HOUR + window > now for ts in instants)

    orders = [one for one in rows if one["event_type"] == "purchase"]
    discounted = [one["ts"] for one in orders if one.get("coupon") or one.get("discount", 0) > 0]
    reduced = []
    for product in PRODUCTS:
        carted = next((one for one in rows if one["event_type"] == "cart_add" and one["product_id"] == product and "price" in one), None)
        bought = (
            (one, line) for one in orders for line in one.get("lines", ()) if line["product_id"] == product and one["ts"] >= carted["ts"]
        )  # fmt: skip
        first = next(bought, None) if carted is not None else None
        if first is not None and carted is not None and first[0]["ts"] - carted["ts"] >= DAY:
            same_order = [line.get("price") for line in first[0]["lines"] if line["product_id"] == product]
            prices = [price for price in same_order if price is not None]
            less = first[0]["ts"] in discounted
            if (prices and min(prices) < carted["price"] + less * 0.01) or (less and len(prices) < len(same_order)):
                reduced.append(first[0]["ts"])
    sales = [one["ts"] for one in rows if one["event_type"] == "page_view" and one.get("page_type") == "sale"]
    return {
        "discounted_orders": len(discounted),
        "discounted_orders(days(7))": within(discounted, 7 * DAY),
        "sale_views": len(sales),
        "sale_views(days(3))": within(sales, 3 * DAY),
        "bought_reduced": len(reduced),
        "bought_reduced(days(7))": within(reduced, 7 * DAY),
    }


PRODUCTS = ("a", "b")
PRODUCT, PRICE = st.sampled_from(PRODUCTS), st.sampled_from([5, 7.5, 10])
LINES = st.lists(st.fixed_dictionaries({"product_id": PRODUCT}, optional={"price": PRICE}), min_size=1, max_size=2)
ROWS = [
    row("page_view", page_type=st.sampled_from(["sale", "home"])),
    st.fixed_dictionaries({"event_type": st.just("cart_add"), "product_id": PRODUCT}, optional={"price": PRICE}),
    st.fixed_dictionaries({"event_type": st.just("cart_add"), "product_id": PRODUCT, "price": PRICE}),
    row("purchase", lines=LINES, coupon=st.sampled_from(["", "SAVE"]), discount=st.sampled_from([0, 1])),
    row("purchase", lines=LINES),
    row("refund", lines=LINES, discount=st.just(1)),
]
CONDITIONS = ["sale_views(days(3)) >= 1", "bought_reduced(days(7)) >= 1", "discounted_orders(days(7)) / purchases(days(7)) >= 0.5"]


def within_bounds(rows: list[Row]) -> bool:
    """No more than four lines of orders are kept for a late first time to come before them."""
    return sum(len(one.get("lines", ())) for one in rows if one["event_type"] == "purchase") <= 4


@searching(40)
@given(histories(ROWS, days=15).filter(within_bounds), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)
