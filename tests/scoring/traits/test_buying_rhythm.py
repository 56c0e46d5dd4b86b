"""Rhythm, the next expected order, and who buys at one time of the year only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scoring.calendar.rules import number
from scoring.traits.buying_rhythm import SEASON, season
from tests.contracts.scenario import Story, story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import DAY, Row, Trial, histories, row

CALENDAR = """
[calendar]
time_zone = "UTC"
[[occasion]]
name = "april"
date = "04-01"
"""


def test_the_next_order_is_expected_after_the_median_gap() -> None:
    it = story("since_expected_order >= days(-1)")
    for n, day in enumerate((0, 10, 10, 22, 30)):  # gaps of 10, 12 and 8 days; two orders on one day are one
        it.buys(f"+{day}d 10:0{n}", f"o{n}")
        if day == 10:
            it.says(f"+{day}d 12:00", "order_rhythm is None", "since_expected_order is None")
    it.says("+30d 12:00", "order_rhythm == days(10)", "since_expected_order < days(-9)")
    it.passes("+60d 00:00")
    it.tells("+39d 10:04 entered by deadline")
    it.buys("+60d 10:00", "o9")
    it.tells("+60d 10:00 exited by event")


def test_who_buys_only_around_an_occasion() -> None:
    it = Story(toml("buys_only_around('april', weeks(4)) and occasion('april', weeks(6))") + CALENDAR)
    it.buys("+9d 10:00")
    it.buys("+30d 23:59", "o2")  # 1 April, the last minute
    it.passes("+370d 00:00")
    it.tells()
    it.buys("+374d 10:00", "o3")
    it.tells("+374d 10:00 entered by event")
    it.passes("+800d 00:00")
    told = it.changes[it.seen :]
    assert [(each["kind"], each["at"][:10]) for each in told] == [
        ("exited", "2027-04-02"), ("entered", "2028-02-19"), ("exited", "2028-04-02"),
    ]  # fmt: skip
    it.seen = len(it.out)
    it.buys("+800d 10:00", "o4")  # and once in May
    it.denies("+1100d 00:00", "buys_only_around('april', weeks(4))")


def test_a_season_of_ones_own_is_announced_ahead() -> None:
    it = Story(toml("yearly_season(weeks(3))") + CALENDAR)
    it.buys("+50d 10:00")  # 21 April
    it.buys("+70d 10:00", "o2")
    it.buys("+420d 10:00", "o3")  # 26 April a year later
    assert [(each["kind"], each["at"][:10]) for each in it.changes] == [("entered", "2027-04-26")]
    it.passes("+800d 00:00")
    assert [(each["kind"], each["at"][:10]) for each in it.changes[1:]] == [
        ("exited", "2027-05-12"), ("entered", "2028-03-31"),
    ]  # fmt: skip


def test_a_season_over_new_year() -> None:
    days = [number(date(2024, 12, 20)), number(date(2025, 1, 5)), number(date(2025, 12, 28))]
    assert season(tuple(days)) == ((12, 20), (1, 5))
    assert season(tuple(days[:2])) is None  # one season, though two years
    assert season((number(date(2024, 2, 29)), number(date(2025, 3, 1)))) == ((2, 29), (3, 1))


def naive_season(dates: list[date], today: date) -> bool:
    """Tries every first day of the year and every length."""
    shown = {(on.replace(year=2000) - date(2000, 1, 1)).days for on in dates}
    found = []
    for start in shown:
        ahead = {(place - start) % 366 for place in shown}
        if max(ahead) < SEASON:
            years = {on.year - ((on.replace(year=2000) - date(2000, 1, 1)).days < start) for on in dates}
            if len(years) >= 2:
                found.append((start, max(ahead)))
    place = (today.replace(year=2000) - date(2000, 1, 1)).days
    return any((place - start) % 366 <= length for start, length in found)


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    placed = [one["ts"] for one in rows if one["event_type"] == "purchase"]
    dates = sorted({datetime.fromtimestamp(at / 1000, UTC).date() for at in placed})[-24:]
    gaps = [(b - a) / timedelta(1) for a, b in zip(dates, dates[1:], strict=False)]
    rhythm = median(gaps) * DAY if len(dates) >= 4 else None
    around = {next(on + timedelta(n) for n in range(400) if (on + timedelta(n)).strftime("%m%d") == "0401") for on in dates}
    near = all(any((on + timedelta(n)).strftime("%m%d") == "0401" for n in range(29)) for on in dates)
    return {
        "order_rhythm": rhythm,
        "since_expected_order": None if rhythm is None else now - max(placed) - rhythm,
        "buys_only_around('april', weeks(4))": near and len(around) > 1,
        "yearly_season": naive_season(dates, datetime.fromtimestamp(now / 1000, UTC).date()),
    }


ROWS = [row("purchase", total=st.just(5)), row("refund", total=st.just(1)), row("profile", country=st.just("NL"))]
CONDITIONS = ["yearly_season", "yearly_season(weeks(5))", "since_expected_order >= days(0)", "buys_only_around('april', weeks(4))"]


@st.composite
def springs(draw: st.DrawFn) -> list[Row]:
    """Orders of one or several springs, mostly."""
    rows = draw(histories(ROWS, days=30, most=8))
    for one in rows:
        one["ts"] += draw(st.sampled_from([0, 365, 365, 731, 731, 800])) * DAY
    return sorted(rows, key=lambda one: one["ts"])


@searching(75)
@given(springs(), st.randoms(use_true_random=False))
def test_in_any_order(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS, CALENDAR).holds(dice)


@searching(30)
@given(histories(ROWS[:1], days=120, most=34), st.randoms(use_true_random=False))
def test_only_the_newest_count(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS[2:3], CALENDAR).holds(dice, later=(0, DAY))
