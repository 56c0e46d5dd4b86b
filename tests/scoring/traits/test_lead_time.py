"""No rush: from the first view of a product to its order, and what has been looked at for days."""

from __future__ import annotations

from random import Random
from statistics import median
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scoring.state import encode
from tests.contracts.scenario import DAY, Story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def test_the_median_from_first_view_to_order() -> None:
    it = Story(toml("lead_time >= days(3)"))
    it.page_view("10:00", product_id="lamp")
    it.page_view("+2d 10:00", product_id="lamp")  # not the first
    it.page_view("+2d 11:00", product_id="desk")
    it.page_view("+2d 12:00")
    it.buys("+4d 10:00", "o1", lines=[{"product_id": "lamp"}, {"product_id": "unseen"}])
    it.says("+4d 10:00", "lead_time == days(4)")
    it.buys("+8d 11:00", "o2", lines=[{"product_id": "desk"}, {"product_id": "lamp"}])  # the lamp's second order says nothing
    it.says("+8d 11:00", "lead_time == days(5)")  # between four and six
    it.page_view("+8d 12:00", product_id="pen")
    it.buys("+8d 12:10", "o3", lines=[{"product_id": "pen"}])
    it.page_view("+8d 13:00", product_id="ink")
    it.buys("+8d 13:10", "o4", lines=[{"product_id": "ink"}, {"product_id": "ink"}])
    it.tells("+4d 10:00 entered by event", "+8d 13:10 exited by event")
    it.says("+8d 13:10", "lead_time == days(2) + minutes(5)")


def test_missing_without_a_view_before_the_order() -> None:
    it = Story(toml("lead_time is None"))
    it.buys("10:00", "o1", lines=[{"product_id": "lamp"}])
    it.page_view("11:00", product_id="lamp")
    it.buys("12:00", "o2", total=5)
    it.refund("13:00", "o1", lines=[{"product_id": "lamp"}])
    it.says("13:00", "lead_time is None")
    it.page_view("09:00", product_id="lamp")  # late: there was a view after all, and its order is the first
    it.says("13:00", "lead_time == hours(1)")


def test_interest_is_open_once_a_product_is_viewed_on_another_day_until_it_is_bought() -> None:
    it = Story(toml("open_interest >= days(3) and open_interest < days(30)"))
    it.page_view("20:00", product_id="lamp")
    it.page_view("23:00", product_id="lamp")
    it.page_view("23:30", product_id="desk")
    it.says("23:30", "open_interest is None")
    it.page_view("+1d 08:00", product_id="lamp")
    it.passes("+4d 00:00")
    it.tells("+3d 20:00 entered by deadline")
    it.buys("+4d 09:00", lines=[{"product_id": "desk"}])
    it.buys("+4d 10:00", "o2", lines=[{"product_id": "lamp"}])
    it.page_view("+5d 10:00", product_id="lamp")
    it.page_view("+6d 10:00", product_id="lamp")  # it is bought
    it.passes("+60d 00:00")
    it.tells("+4d 10:00 exited by event")


def test_of_several_the_one_come_back_to_last() -> None:
    it = Story(toml("open_interest >= days(10)"))
    it.page_view("10:00", product_id="old")
    it.page_view("+1d 10:00", product_id="old")
    it.page_view("+8d 10:00", product_id="new")
    it.page_view("+9d 09:00", product_id="new")
    it.says("+9d 10:00", "open_interest < days(1) + minutes(1)")
    it.page_view("+9d 11:00", product_id="old")  # on one day: what was viewed first
    it.passes("+10d 12:00")
    it.tells("+10d 10:00 entered by deadline")


def test_a_robot_that_sees_and_buys_everything_stays_small() -> None:
    it = Story(toml("lead_time >= days(300)"))
    it.page_view("10:00", product_id="p0")
    for n in range(300):
        it.page_view(f"+{n // 20}d {n % 20:02}:30", product_id=f"p{n}")
        if n % 3 == 0:
            it.buys(f"+{n // 20}d {n % 20:02}:40", f"o{n}", lines=[{"product_id": f"p{n - k}"} for k in range(40)])
    assert it.state is not None
    assert len(encode(it.state)) < 10_000
    it.says("+15d 00:00", "lead_time < days(3)", "open_interest is None")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    views: dict[str, list[int]] = {}
    for one in rows:
        if one["event_type"] == "page_view" and "product_id" in one:
            views.setdefault(one["product_id"], []).append(one["ts"])
    leads, back = [], []
    for product, seen in views.items():
        bought = [one for one in rows if one["event_type"] == "purchase" and {"product_id": product} in one.get("lines", ())]
        orders = [one["ts"] for one in bought if one["ts"] >= seen[0]]
        if orders:
            leads.append(orders[0] - seen[0])
        elif seen[-1] // DAY > seen[0] // DAY:
            back.append((-(seen[-1] // DAY), seen[0]))
    return {"lead_time": int(median(leads)) if leads else None, "open_interest": now - min(back)[1] if back else None}


PRODUCTS = st.sampled_from(["a", "b", "c"])
LINES = st.lists(st.fixed_dictionaries({"product_id": PRODUCTS}), max_size=2)
ROWS = [
    row("page_view", product_id=PRODUCTS),
    row("page_view", product_id=PRODUCTS),
    row("purchase", lines=LINES),
    row("refund", lines=LINES),
]
CONDITIONS = ["lead_time >= days(2)", "open_interest >= days(3)", "lead_time is None or open_interest is None"]


def within_bounds(rows: list[Row]) -> bool:
    """No more than four lines of orders are kept for a late first time to come before them."""
    return sum(len(one.get("lines", ())) for one in rows if one["event_type"] == "purchase") <= 4


@searching(40)
@given(histories(ROWS, days=20).filter(within_bounds), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)
