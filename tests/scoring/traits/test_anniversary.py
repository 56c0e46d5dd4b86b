"""The first order and its anniversary."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import Story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

AMSTERDAM = '[calendar]\ntime_zone = "Europe/Amsterdam"\n'


def test_a_year_after_the_first_order_and_every_year() -> None:
    it = Story(toml("order_anniversary(days(1))") + AMSTERDAM)
    it.buys("23:30")  # in Amsterdam it is 3 March by now
    it.buys("+30d 10:00", "o2")
    it.passes("+740d 00:00")
    it.tells(
        "+364d 23:00 entered by deadline", "+366d 23:00 exited by deadline",
        "+730d 23:00 entered by deadline", "+732d 23:00 exited by deadline",
    )  # fmt: skip


def test_an_earlier_order_that_comes_late_is_the_first() -> None:
    it = Story(toml("since_first_purchase >= days(10)"))
    it.buys("+1d 10:00")
    it.buys("+0d 20:00", "o2")
    it.refund("+2d 10:00")
    it.passes("+20d 00:00")
    it.tells("+10d 20:00 entered by deadline")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    placed = [one["ts"] for one in rows if one["event_type"] == "purchase"]
    if not placed:
        return {"since_first_purchase": None, "order_anniversary": False}
    first, today = (datetime.fromtimestamp(at / 1000, UTC).date() for at in (min(placed), now))
    return {
        "since_first_purchase": now - min(placed),
        "order_anniversary": (first.month, first.day) == (today.month, today.day) and today.year > first.year,
    }


ROWS = [row("purchase", total=st.just(5)), row("refund", total=st.just(1)), row("page_view")]


@searching(60)
@given(histories(ROWS, days=500), st.randoms(use_true_random=False))
def test_in_any_order(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["order_anniversary", "order_anniversary(days(400))", "since_first_purchase < days(90)"]).holds(dice)
