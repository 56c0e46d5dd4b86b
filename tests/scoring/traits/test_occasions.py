"""Occasions on the customer's clock, and in the customer's country."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.scenario import Story, toml
from tests.scoring.traits.harness import Row, Trial, histories, row

CALENDAR = """
[calendar]
time_zone = "Europe/Amsterdam"
[[occasion]]
name = "spring"
date = "03-30"
[[occasion]]
name = "easter"
holiday = "Easter Sunday"
"""


def test_from_three_days_before_through_the_day_on_the_customers_clock() -> None:
    it = Story(toml("occasion('spring', days(3))") + CALENDAR)
    it.page_view("10:00")
    it.passes("+40d 00:00")
    # Amsterdam sets its clocks forward on 29 March: the first midnight is an hour ahead of UTC, the last two.
    it.tells("+24d 23:00 entered by deadline", "+28d 22:00 exited by deadline")
    it.passes("+400d 00:00")  # and every year
    it.tells("+389d 23:00 entered by deadline", "+393d 22:00 exited by deadline")


def test_a_holiday_of_the_country_from_when_it_is_known() -> None:
    it = Story(toml("occasion('easter')") + CALENDAR)
    it.page_view("10:00")
    it.event("+33d 23:00", "profile", country="NL", time_zone="America/New_York")  # in New York it is Saturday evening still
    it.passes("+60d 00:00")
    it.tells("+34d 04:00 entered by deadline", "+35d 04:00 exited by deadline")
    it.event("+61d 00:00", "profile", country="DE")
    it.passes("+700d 00:00")
    it.tells()  # Easter Sunday is no holiday of all of Germany


def test_a_public_holiday() -> None:
    it = Story(toml("public_holiday(hours(12))") + CALENDAR)
    it.event("10:00", "profile", country="nl")
    it.passes("+40d 00:00")
    it.tells(
        "+31d 10:00 entered by deadline", "+32d 22:00 exited by deadline", "+33d 10:00 entered by deadline", "+35d 22:00 exited by deadline"
    )


ZONES = ["Europe/Amsterdam", "America/New_York", "Asia/Tokyo", "nowhere"]


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    """Local days by the standard library, hour by hour of a year."""
    zones = [one["time_zone"] for one in rows if "time_zone" in one]
    name = zones[-1] if zones and zones[-1] != "nowhere" else "Europe/Amsterdam"
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(name)).date()
    next_one = local.replace(month=3, day=30)
    if next_one < local:
        next_one = next_one.replace(year=local.year + 1)
    return {"occasion('spring')": local == next_one, "occasion('spring', weeks(2))": next_one - local <= timedelta(14)}


@settings(max_examples=25, deadline=None)
@given(
    histories([row("profile", time_zone=st.sampled_from(ZONES), country=st.just("NL")), row("page_view")]),
    st.randoms(use_true_random=False),
)
def test_in_any_order(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["occasion('spring', weeks(2))", "occasion('easter', hours(5))", "public_holiday"], CALENDAR).holds(dice)
