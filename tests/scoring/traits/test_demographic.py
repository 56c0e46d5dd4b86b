"""Demographic: what the profile says of the person, and an age that steps at birthdays on the customer's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import Story, tiers, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

AMSTERDAM = 'time_zone = "Europe/Amsterdam"\n'


def test_age_steps_at_midnight_on_the_customers_clock() -> None:
    it = Story(toml("age >= 18", "adult") + tiers("age", "known: age >= 0", "unknown"))
    it.page_view("10:00")
    it.event("10:01", "profile", birth_date="2008-03-05", time_zone="America/New_York")  # five hours behind
    it.passes("+5d 00:00")
    it.tells("10:00 age moved none > unknown by event", "10:01 age moved unknown > known by event", "+3d 05:00 adult entered by deadline")
    it.event("+5d 01:00", "profile", nulls=("birth_date",))
    it.tells("+5d 01:00 adult exited by event", "+5d 01:00 age moved known > unknown by event")


def test_the_day_the_clock_goes_forward_and_a_leap_day() -> None:
    it = Story(toml("age == 18"))
    it.event("10:00", "profile", birth_date="2008-02-29", time_zone="Europe/Amsterdam")
    it.event("11:00", "profile", birth_date="2008-03-30")  # the day after the night of 28 to 29 March 2026, when summer time begins
    it.passes("+40d 00:00")
    it.tells("10:00 entered by event", "11:00 exited by event", "+27d 22:00 entered by deadline")


@pytest.mark.parametrize("birth_date", ["1905-01-01", "2031-01-01", "19900612", "1990-02-30", "soon", "", "9999-12-31", "--06-12"])
def test_what_is_no_age_is_missing(birth_date: str) -> None:
    it = Story(toml("age is None"))
    it.event("10:00", "profile", birth_date=birth_date)
    it.tells("10:00 entered by event")


def test_an_age_that_nobody_reaches_ends() -> None:
    it = Story(toml("age >= 120"))
    it.event("10:00", "profile", birth_date="1905-03-04")
    it.passes("+10d 00:00")
    it.tells("10:00 entered by event", "+2d 00:00 exited by deadline")


def test_words_of_the_profile() -> None:
    it = Story(toml("page_views >= 1"))
    it.page_view("10:00")
    it.denies("10:00", "gender == 'female'", "not gender is None", "household_size >= 0", "income_band != 'high'", "nationality == 'nl'")
    it.event(
        "10:01", "profile", gender=" Female ", household_size=3, income_band="High", education="MBO", occupation="Nurse", nationality="NL"
    )
    it.says("10:02", "gender == 'female'", "household_size == 3", "income_band in ['high']", "education == 'mbo'", "occupation == 'nurse'")
    it.event("10:03", "profile", household_size=0, gender="  ", nulls=("occupation",))
    it.says("10:03", "household_size is None", "gender is None", "occupation is None", "nationality == 'nl'")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for one in rows:
        known |= {name: one[name] for name in ("birth_date", "time_zone", "gender") if name in one}
    found = {"age": None, "gender": known["gender"] if known.get("gender") else None}
    if known.get("birth_date"):
        born = date.fromisoformat(known["birth_date"])
        today = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(known.get("time_zone", "UTC"))).date()
        day = (2, 28) if (born.month, born.day) == (2, 29) and today.year % 4 else (born.month, born.day)
        age = today.year - born.year - ((today.month, today.day) < day)
        found["age"] = age if today >= born else None
    return found


ROWS = [
    row(
        "profile",
        birth_date=st.sampled_from(["2008-03-20", "2026-04-01", "1996-02-29", "2008-10-25", None]),
        time_zone=st.sampled_from(["Europe/Amsterdam", "Pacific/Apia", "America/New_York"]),
        gender=st.sampled_from(["x", "female", ""]),
    ),
    row("page_view"),
]


@searching(20)
@given(histories(ROWS, most=6), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["age >= 18", "age is None", "gender == 'x'"]).holds(dice)
