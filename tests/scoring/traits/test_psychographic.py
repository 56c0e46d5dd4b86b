"""Psychographic: by their own word, newest first, and by plain behaviour."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import Story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def test_the_newest_word_wins_be_it_in_the_profile_or_a_survey() -> None:
    it = Story(toml("holds_value('sustainability')"))
    it.event("10:00", "feedback", kind="survey", answers={"values": ["Sustainability ", "family", 5], "lifestyle": "Active"})
    it.says("10:00", "lifestyle == 'active'", "holds_value('family')", "personality is None", "not has_hobby('cycling')")
    it.event("11:00", "profile", traits={"values": "thrift, family", "hobbies": ["cycling"], "personality": ["Curious", "calm"]})
    it.says("11:00", "holds_value('thrift') and holds_value('family')", "has_hobby('cycling')", "personality == 'curious'")
    it.event("10:30", "feedback", kind="survey", answers={"values": "sustainability"})  # late, and older than the profile
    it.event("12:00", "feedback", kind="survey", answers={"values": "sustainability"})
    it.event("13:00", "profile", traits={"values": None})
    it.tells("10:00 entered by event", "11:00 exited by event", "12:00 entered by event", "13:00 exited by event")


def test_what_says_nothing_of_it() -> None:
    it = Story(toml("lifestyle is None and personality is None"))
    it.event("10:00", "feedback", kind="survey", answers=["active"])
    it.event("10:01", "feedback", kind="survey", answers={"lifestyle": " ", "personality": {"kind": "calm"}})
    it.event("10:02", "profile", traits={"lifestyle": 5})
    it.tells("10:00 entered by event")


def test_readers_and_givers() -> None:
    it = Story(toml("reading_share >= 0.5", "reads") + toml("gift_share > 0.5", "gives"))
    it.event("09:00", "profile", first_name="A")
    it.denies("09:00", "reading_share >= 0", "gift_share >= 0")
    it.page_view("10:00", page_type="article")
    it.page_view("10:01", page_type="product")
    it.page_view("10:02", page_type="product")
    it.buys("10:03", "o1", 10, gift=True)
    it.buys("10:04", "o2", 10)
    it.refund("10:05", "o1", 10, gift=True)
    it.tells("10:00 reads entered by event", "10:02 reads exited by event", "10:03 gives entered by event", "10:04 gives exited by event")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    values: list[str] = []
    for one in rows:
        if one["event_type"] == "feedback" and one.get("answers", {}).get("values"):
            values = one["answers"]["values"].split(",")
        if "values" in one.get("traits", {}):
            values = one["traits"]["values"] or []
    views = [one for one in rows if one["event_type"] == "page_view"]
    orders = [one for one in rows if one["event_type"] == "purchase"]
    return {
        "holds_value('a')": "a" in values,
        "articles_read": sum(one.get("page_type") == "article" for one in views),
        "reading_share": sum(one.get("page_type") == "article" for one in views) / len(views) if views else None,
        "gift_share": sum(bool(one.get("gift")) for one in orders) / len(orders) if orders else None,
        "lifestyle": None,
    }


ROWS = [
    row("feedback", answers=st.sampled_from([{"values": "a"}, {"values": "b,c"}, {"values": ""}, {"why": "b"}])).map(
        lambda one: one | {"kind": "survey"}
    ),
    row("profile", traits=st.sampled_from([{"values": ["b"]}, {"values": ["c", "a"]}, {"values": None}, {"shoe": 5}])),
    row("page_view", page_type=st.sampled_from(["article", "home"])),
    row("purchase", gift=st.booleans()),
]


@searching(20)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["holds_value('a')", "reading_share >= 0.5", "gift_share < 0.5"]).holds(dice, later=(0, 1))
