"""Wants reassurance: what was read before buying."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.state import HOUR
from tests.contracts.scenario import DAY, Story, story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

PAGES = ("reviews", "returns", "size_guide", "warranty", "help")


@pytest.mark.parametrize("page", PAGES)
def test_read_in_the_week_before_an_order(page: str) -> None:
    it = Story(toml("reassured_share >= 0.5"))
    it.page_view("10:00", page_type=page)
    it.buys("+7d 09:59:59", "o1")
    it.tells("+7d 09:59:59 entered by event")
    it.buys("+7d 10:00", "o2")
    it.buys("+7d 10:01", "o3")
    it.tells("+7d 10:01 exited by event")


def test_read_after_the_order_says_nothing_of_it() -> None:
    it = story("reassured_share > 0")
    it.buys("10:00", "o1")
    it.page_view("10:00:01", page_type="returns")
    it.refund("10:01", "o1")
    it.says("10:01", "reassured_share == 0")
    it.page_view("09:59", page_type="reviews")  # late
    it.tells("10:01 entered by late_event")


def test_missing_without_orders_and_without_any_page_view() -> None:
    it = story("reassured_share is None")
    it.buys("10:00", "o1")
    it.says("10:00", "reassured_share is None")
    it.page_view("10:01")
    it.says("10:01", "reassured_share == 0")
    unbought = story()
    unbought.page_view("10:00", page_type="help")
    unbought.says("10:00", "reassured_share is None", "reassurance_views == 1")


def test_reads_much_and_does_not_buy() -> None:
    it = story("reassurance_views(days(7)) >= 3 and purchases(days(7)) == 0 and since_last_visit >= hours(1)")
    for minute in range(3):
        it.page_view(f"10:0{minute}", page_type=PAGES[minute])
    it.page_view("10:05", page_type="shipping")
    it.passes("+10d 00:00")
    it.tells("11:05 entered by deadline", "+7d 11:00 exited by deadline")


def test_an_order_stays_one_that_was_read_for() -> None:
    it = story()
    it.page_view("10:00", page_type="help")
    it.buys("10:30", "o1")
    for minute in range(30):
        it.page_view(f"11:{minute}" if minute > 9 else f"11:0{minute}", page_type="help")
    it.says("12:00", "reassured_share == 1", "reassurance_views == 12")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    read = [one["ts"] for one in rows if one["event_type"] == "page_view" and one.get("page_type") in PAGES]
    orders = [one["ts"] for one in rows if one["event_type"] == "purchase"][-6:]
    after = [at for at in orders if any(at - 7 * DAY < view <= at for view in read)]
    known = bool(orders) and any(one["event_type"] == "page_view" for one in rows)
    return {
        "reassurance_views": len(read[-12:]),
        "reassurance_views(days(7))": sum((at // HOUR + 1) * HOUR + 7 * DAY > now for at in read[-12:]),
        "reassured_share": len(after) / len(orders) if known else None,
    }


ROWS = [row("page_view", page_type=st.sampled_from([*PAGES, "product", "home"])), row("purchase"), row("refund")]
CONDITIONS = ["reassured_share >= 0.5", "reassurance_views(days(7)) >= 2", "reassured_share is None"]


@searching(40)
@given(histories(ROWS, days=30), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)
