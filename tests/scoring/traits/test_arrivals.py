"""Arrivals: by which way customers come, and what is no arrival."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.state import DAY, HOUR
from scoring.traits.arrivals import by
from tests.contracts.scenario import Story, tiers, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories

SHOP = "https://www.shop.example/p/1"


@pytest.mark.parametrize(
    ("url", "referrer", "channel"),
    [
        (SHOP, None, None),
        (SHOP, "", None),
        (SHOP, "https://shop.example/", None),  # our own page
        (SHOP, "https://www.google.nl/", "search"),
        (SHOP, "https://www.google.co.uk/search?q=x", "search"),
        (SHOP, "https://m.facebook.com/", "social"),
        (SHOP, "https://t.co/abc", "social"),
        (SHOP, "https://mail.google.com/mail/u/0/", "mail"),
        (SHOP, "https://blog.example/google", "referral"),
        (None, "https://blog.example/", None),  # perhaps our own
        (None, "https://www.bing.com/", "search"),
        (SHOP, "no address", None),
        (SHOP + "?gclid=x&a=b", "https://www.google.com/", "ads"),
        (SHOP + "?a=b&msclkid=x", None, "ads"),
        (SHOP + "?notgclid=x", None, None),
        (SHOP + "?fbclid=x", "https://l.facebook.com/", "social"),  # on every link there, paid for or not
        (SHOP + "?utm_source=google&utm_medium=CPC", "https://www.google.com/", "ads"),
        (SHOP + "?utm_medium=paid_social&utm_source=instagram", None, "ads"),
        (SHOP + "?utm_source=newsletter", None, "mail"),
        (SHOP + "?utm_medium=email&utm_campaign=spring", None, "mail"),
        (SHOP + "?utm_source=pinterest", None, "social"),
        (SHOP + "?utm_medium=qr&utm_source=flyer", None, "other"),
        (SHOP + "?utm_campaign=spring", None, None),
        (SHOP + "?utm_campaign=spring", "https://www.google.com/", "search"),
        (SHOP + "?utm_medium=affiliate", None, "affiliate"),
    ],
)  # fmt: skip
def test_where_a_page_view_came_from(url: str | None, referrer: str | None, channel: str | None) -> None:
    assert by(url, referrer) == channel


def test_the_newest_the_first_and_how_often() -> None:
    it = Story(toml("arrivals('ads', days(7)) >= 2", "ads") + tiers("way", "mail: channel == 'mail'", "ads: channel == 'ads'", "unknown"))
    it.page_view("10:00", url=SHOP)
    it.page_view("11:00", url=SHOP + "?gclid=1")
    it.page_view("+1d 11:00", url=SHOP + "?gclid=2")
    it.page_view("+1d 10:00", url=SHOP + "?utm_medium=email")  # late
    it.says("+2d 00:00", "first_channel == 'ads'", "arrivals('ads') == 2", "arrivals('mail') == 1", "arrivals('social') == 0")
    it.passes("+20d 00:00")
    it.tells(
        "10:00 way moved none > unknown by event", "11:00 way moved unknown > ads by event", "+1d 11:00 ads entered by event",
        "+7d 12:00 ads exited by deadline",
    )  # fmt: skip


WAYS: dict[str, str | None] = {"?gclid=1": "ads", "?utm_medium=email": "mail", "": None}


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    arrivals = [(one["ts"], way) for one in rows if (way := WAYS[one["url"].removeprefix(SHOP)])]
    return {
        "channel": arrivals[-1][1] if arrivals else None,
        "first_channel": arrivals[0][1] if arrivals else None,
        "arrivals('ads')": sum(way == "ads" for _, way in arrivals),
        "arrivals('mail', days(7))": sum(way == "mail" and (ts // HOUR + 1) * HOUR + 7 * DAY > now for ts, way in arrivals),
    }


ROWS = [st.sampled_from([{"event_type": "page_view", "url": SHOP + way} for way in WAYS])]


@searching(20)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["channel == 'ads'", "arrivals('mail', days(7)) >= 1", "first_channel is None"]).holds(dice)
