"""Weekdays and hours on the customer's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import Story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

AMSTERDAM = '[calendar]\ntime_zone = "Europe/Amsterdam"\n'


def test_who_comes_on_monday_evenings_until_the_clock_is_another() -> None:
    it = Story(toml("usual_weekday == 'monday' and usual_time == 'evening'") + AMSTERDAM)
    for week in range(6):
        it.page_view(f"+{7 * week}d 19:10")
        it.add(f"+{7 * week}d 19:40")  # the same hour
    it.tells("+35d 19:10 entered by event")
    it.says("+35d 20:00", "weekend_share == 0")
    it.event("+36d 10:00", "profile", time_zone="Asia/Tokyo")
    it.tells("+36d 10:00 exited by event")
    it.says("+36d 11:00", "usual_weekday == 'tuesday'", "usual_time == 'night'")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    zones = [one["time_zone"] for one in rows if "time_zone" in one]
    active = [one["ts"] for one in rows if one["event_type"] not in ("profile", "refund")]
    hours = sorted({at // 3_600_000 for at in active})[-24:]
    local = [datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(zones[-1] if zones else "Europe/Amsterdam")) for hour in hours]
    if len(local) < 6:
        return {"usual_weekday": None, "usual_time": None, "weekend_share": None}
    weekdays = [f"{each:%A}".lower() for each in local]
    times = [("night", "morning", "afternoon", "evening")[each.hour // 6] for each in local]
    return {
        "usual_weekday": next((each for each in weekdays if weekdays.count(each) * 2 > len(local)), None),
        "usual_time": next((each for each in times if times.count(each) * 2 > len(local)), None),
        "weekend_share": sum(each in ("saturday", "sunday") for each in weekdays) / len(local),
    }


ROWS = [
    row("page_view"), row("page_view"), row("purchase", total=st.just(5)), row("refund", total=st.just(5)),
    row("checkout_started"), row("profile", time_zone=st.sampled_from(["Asia/Kolkata", "America/New_York"])),
]  # fmt: skip


@searching(60)
@given(histories(ROWS, days=3, most=60), st.randoms(use_true_random=False))
def test_in_any_order(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["weekend_share > 0.5", "usual_time == 'evening'"], AMSTERDAM).holds(dice, later=(0, 1))
