"""Experience: how often, and with what."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scoring.state import encode
from tests.contracts.scenario import Story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def test_what_has_been_bought_before() -> None:
    it = Story(toml("bought('shoes') >= 2"))
    it.page_view("10:00", category_id="shoes")
    it.says("10:00", "bought('shoes') == 0", "categories_bought == 0", "interactions == 1")
    it.buys("11:00", "o1", lines=[{"category_id": "shoes"}, {"category_id": "shoes"}, {"category_id": "hats"}, {"product_id": "p"}])
    it.refund("12:00", "o1", lines=[{"category_id": "shoes"}])
    it.buys("13:00", "o1", lines=[{"category_id": "shoes"}])  # a repeat
    it.buys("14:00", "o2", lines=[{"category_id": "shoes"}])
    it.tells("14:00 entered by event")
    it.says("14:00", "categories_bought == 2", "bought('hats') == 1", "interactions == 4")


def test_a_shop_full_of_categories_stays_small() -> None:
    it = Story(toml("page_views >= 1"))
    for n in range(40):
        it.buys("10:00", f"o{n}", lines=[{"category_id": f"{n}{m}" + "c" * 500} for m in range(5)])
    it.says("10:00", "categories_bought == 32")
    assert it.state is not None and len(encode(it.state)) < 8_000


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    orders = [{line["category_id"] for line in one.get("lines", [])} for one in rows if one["event_type"] == "purchase"]
    return {
        "bought('a')": sum("a" in each for each in orders),
        "categories_bought": len(set().union(*orders)) if orders else 0,
        "interactions": len(rows),
    }


LINES = st.lists(st.fixed_dictionaries({"category_id": st.sampled_from("abc")}), max_size=3)
ROWS = [
    row("purchase", lines=LINES),
    row("refund", lines=LINES),
    row("page_view"),
    row("cart_add").map(lambda one: one | {"product_id": "p"}),
]


@searching(15)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["bought('a') >= 2", "categories_bought >= 2", "interactions >= 4"]).holds(dice, later=(0, 1))
