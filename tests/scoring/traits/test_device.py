"""Devices: what the newest user agent tells, and how much comes from telephones."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import Story, tiers, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
AGENTS: dict[str, tuple[str | None, str | None, str | None]] = {
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_APPLE} Version/17.5 Mobile/15E148 Safari/604.1":
        ("phone", "iOS", "Mobile Safari"),
    f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {_APPLE} Version/16.6 Mobile/15E148 Safari/604.1":
        ("tablet", "iOS", "Mobile Safari"),
    f"Mozilla/5.0 (Linux; Android 14) {_KIT} Chrome/126.0.0.0 Mobile Safari/537.36": ("phone", "Android", "Chrome Mobile"),
    f"Mozilla/5.0 (Linux; Android 13; SM-X906C) {_KIT} Chrome/116.0.0.0 Safari/537.36": ("tablet", "Android", "Chrome"),
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_KIT} Chrome/126.0.0.0 Safari/537.36": ("computer", "Windows", "Chrome"),
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0": ("computer", "Linux", "Firefox"),
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/6.0 TV Safari/538.1":
        ("other", "Tizen", "Safari"),
}  # fmt: skip
IPHONE, IPAD, _, _, WINDOWS, *_ = AGENTS
CRAWLER = "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"


@pytest.mark.parametrize("user_agent", AGENTS)
def test_what_a_user_agent_tells(user_agent: str) -> None:
    it = Story(toml("page_views >= 1"))
    it.page_view("10:00", user_agent=user_agent)
    device, system, browser = AGENTS[user_agent]
    it.says("10:00", f'device == "{device}"', f'system == "{system}"', f'browser == "{browser}"')


def test_the_newest_view_that_tells_anything() -> None:
    it = Story(tiers("device", "phone: device == 'phone'", "computer: device == 'computer'", "unknown"))
    it.page_view("10:00")
    it.page_view("11:00", user_agent=IPHONE)
    it.page_view("12:00", user_agent=WINDOWS)
    it.page_view("11:30", user_agent=IPHONE)  # late
    it.page_view("13:00", user_agent="nonsense")
    it.page_view("13:01", user_agent=CRAWLER)
    it.tells("10:00 moved none > unknown by event", "11:00 moved unknown > phone by event", "12:00 moved phone > computer by event")


def test_the_share_that_comes_from_phones_and_tablets() -> None:
    it = Story(toml("mobile_share >= 0.6"))
    it.page_view("10:00")
    for minute in range(1, 10):
        it.page_view(f"10:0{minute}", user_agent=(WINDOWS, IPHONE, IPAD)[minute % 3])
    it.denies("10:09", "mobile_share >= 0", "mobile_share < 1")
    it.page_view("10:10", user_agent=IPHONE)
    it.page_view("10:11", user_agent=WINDOWS)
    it.page_view("10:12", user_agent=WINDOWS)
    it.tells("10:10 entered by event", "10:12 exited by event")
    it.says("10:12", "mobile_share == 7 / 12")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    told = [AGENTS[one["user_agent"]] for one in rows if one.get("user_agent") in AGENTS]
    device, system, browser = told[-1] if told else (None, None, None)
    mobile = [each for each in told if each[0] in ("phone", "tablet")]
    return {"device": device, "system": system, "browser": browser, "mobile_share": len(mobile) / len(told) if len(told) >= 10 else None}


ROWS = [row("page_view", user_agent=st.sampled_from([*AGENTS, CRAWLER, "nonsense"])).map(lambda one: {"user_agent": IPHONE} | one)]


@searching(20)
@given(histories(ROWS, most=18), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["device == 'phone'", "mobile_share >= 0.5", "browser is None", "system in ['iOS', 'Linux']"]).holds(dice)
