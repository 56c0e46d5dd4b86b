"""Robots: by their name, by their pace, and for how long that is believed."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.schema import PAGE_VIEWS
from scoring.segments.families import FAMILIES
from scoring.segments.read import read
from scoring.state import HOUR
from scoring.traits.robots import BELIEVED, INHUMAN
from tests.contracts.scenario import Story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
CUBOT = "Mozilla/5.0 (Linux; Android 9; CUBOT P30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36"


def test_a_known_crawler_is_one_for_thirty_days() -> None:
    it = Story(toml("is_robot"))
    it.page_view("10:00", user_agent=CHROME)
    it.page_view("10:30", user_agent=GOOGLE)
    it.says("11:00", 'robot_sign == "crawler"')
    it.passes("+40d 00:00")
    it.tells("10:30 entered by event", "+30d 11:00 exited by deadline")
    it.says("+40d 00:00", "robot_sign is None")


@pytest.mark.parametrize(
    "user_agent", ["curl/8.4.0", "python-requests/2.31", "facebookexternalhit/1.1", CHROME.replace(" Chrome", " HeadlessChrome")]
)
def test_programs_are_robots(user_agent: str) -> None:
    it = Story(toml("is_robot"))
    it.page_view("10:00", user_agent=user_agent)
    it.tells("10:00 entered by event")


@pytest.mark.parametrize("user_agent", [CHROME, CUBOT, "", "nonsense", None])
def test_people_and_what_tells_nothing_are_none(user_agent: str | None) -> None:
    it = Story(toml("is_robot"))
    it.page_view("10:00", user_agent=user_agent)
    it.denies("10:00", "is_robot", "robot_sign is not None")


def test_a_pace_that_no_person_keeps_up() -> None:
    it = Story(toml("is_robot"))
    for n in range(INHUMAN - 1):
        it.page_view(f"10:{n // 5:02}:{n % 5 * 11:02}", product_id="a" if n % 2 else None)
    it.tells()
    it.page_view("11:00")  # another hour
    it.tells()
    it.page_view("10:30:59", user_agent=CHROME)  # late, and the one too many
    it.says("11:00", 'robot_sign == "pace"')
    it.passes("+31d 00:00")
    it.tells("11:00 entered by late_event", "+30d 11:00 exited by deadline")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    hours = [one["ts"] // HOUR for one in rows if one.get("user_agent") == GOOGLE]
    found = any(now < (hour + 1) * HOUR + BELIEVED for hour in hours)
    return {"is_robot": found, "robot_sign": "crawler" if found else None}


ROWS = [row("page_view", user_agent=st.sampled_from([GOOGLE, CHROME, ""])), row("cart_clear")]


@searching(20)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["is_robot", 'robot_sign == "crawler"', "robot_sign is None"]).holds(dice)


ALONE = f"[families]\noff = {[family for family in FAMILIES if family != 'other']!r}\n"


def test_segments_that_belong_nowhere_else_pay_for_what_they_read_alone() -> None:
    unread, segments = read(toml("page_views >= 1") + ALONE), read(toml("page_views >= 1 and not is_robot") + ALONE)
    campaigns = read_campaigns('[policy]\nnot_while = "is_robot"\n', unread)
    assert (Engine(unread).traits, Engine(unread).whole) == ((), frozenset())
    for engine in (Engine(segments), Engine(unread, campaigns)):
        assert [trait.attributes[0].name for trait in engine.traits] == ["is_robot"] and PAGE_VIEWS in engine.whole
