"""Groups of tiers that are `of` some customers: all others are in none of them."""

from __future__ import annotations

import json

from scoring.engine import Engine
from scoring.segments.read import read
from tests.contracts.scenario import Story, ms, tiers, toml

RFM = tiers("rfm", "often: purchases >= 2", "once", of="purchases >= 1")


def test_nothing_is_told_of_who_is_in_none() -> None:
    it = Story(RFM)
    it.page_view("10:00")
    it.passes("+9d 10:00")
    it.tells()
    assert it.members == {}


def test_into_it_and_on_within_it() -> None:
    it = Story(RFM)
    it.page_view("10:00")
    it.buys("11:00", "o1")
    it.buys("12:00", "o2")
    it.tells("11:00 moved none > once by event", "12:00 moved once > often by event")
    assert [(each["from"], each["to"], each["episode"]) for each in it.changes] == [(None, "once", 1), ("once", "often", 2)]
    assert it.changes[0]["reason"] == "purchases 1 >= 1" and it.changes[0]["attributes"] == {"purchases": 1}
    assert it.members == {"rfm": "often"}


def test_a_first_event_may_be_enough() -> None:
    it = Story(tiers("value", "much: spend >= 100", "some", of="purchases >= 1", settle="1h"))
    it.buys("10:00", "o1", 120)
    it.tells("10:00 moved none > much by event")
    assert it.changes[0]["reason"] == "purchases 1 >= 1, spend 120 >= 100"


def test_time_alone_moves_somebody_out() -> None:
    it = Story(tiers("lately", "often: purchases(hours(3)) >= 2", "once", of="purchases(hours(3)) >= 1"))
    it.buys("10:00", "o1")
    it.buys("10:30", "o2")
    it.buys("11:10", "o3")
    it.passes("20:00")
    it.tells(
        "10:00 moved none > once by event", "10:30 moved once > often by event",
        "14:00 moved often > once by deadline", "15:00 moved once > None by deadline",
    )  # fmt: skip
    assert it.changes[-1]["to"] is None and it.changes[-1]["episode"] == 4 and it.members == {}
    assert it.changes[-1]["reason"] == "purchases(hours(3)) 0 is not >= 1"
    it.buys("20:30", "o4")
    it.tells("20:30 moved none > once by event")
    assert it.changes[-1]["episode"] == 5


def test_what_does_not_last_is_not_told_in_and_out() -> None:
    it = Story(tiers("full", "very: cart_items >= 5", "some", of="cart_items >= 1", settle="1h"))
    it.page_view("09:00")
    it.add("10:00")
    it.clear("10:59:59.999")
    it.add("12:00", quantity=5)
    it.remove("12:30", quantity=1)  # another tier: the hour begins anew
    it.passes("14:00")
    it.tells("13:30 moved none > some by deadline")
    it.clear("15:00")
    it.add("15:30")
    it.clear("16:00")
    it.passes("20:00")
    it.tells("17:00 moved some > None by deadline")


def test_who_is_in_none_is_in_no_tier_that_others_ask_for() -> None:
    it = Story(
        RFM + toml("tier('rfm') == 'once'", "is_once") + toml("tier('rfm') != 'often'", "is_another")
        + toml("not tier('rfm') == 'often'", "is_not") + toml("since_entered('rfm') >= hours(1)", "long_since")
    )  # fmt: skip
    it.page_view("10:00")
    it.passes("12:00")
    it.tells("10:00 is_not entered by event")
    it.buys("12:30")
    it.passes("13:30")
    it.tells(
        "12:30 rfm moved none > once by event", "12:30 is_once entered by event", "12:30 is_another entered by event",
        "13:30 long_since entered by deadline",
    )  # fmt: skip


def test_new_definitions_tell_who_leaves_a_tier_that_is_gone() -> None:
    it = Story(tiers("rfm", "often: purchases >= 2", "once: purchases >= 1", "none"))
    it.page_view("10:00")
    it.tells("10:00 moved none > none by event")
    newer, out = Engine(read(RFM)), list[list[object]]()
    assert it.state is not None
    newer.migrate(it.state, it.engine, ms("11:00"), out)
    (left,) = [json.loads(newer.render(each, "c1", None)[1]) for each in out]
    assert (left["segment"], left["kind"], left["from"], left["to"]) == ("rfm", "moved", "none", None)
    assert (left["cause"], left["episode"], left["at"]) == ("definition", 2, "2026-03-02T11:00:00.000Z")
    it.engine = newer
    it.buys("12:00")
    assert newer.memberships(it.state) == {"rfm": "once"} and it.out[-1][3:5] == [None, "once"] and it.out[-1][7] == 3


def test_and_the_other_way_everybody_is_in_one_again() -> None:
    it = Story(RFM)
    it.page_view("10:00")
    newer, out = Engine(read(tiers("rfm", "often: purchases >= 2", "once: purchases >= 1", "none"))), list[list[object]]()
    assert it.state is not None
    newer.migrate(it.state, it.engine, ms("11:00"), out)
    assert [entry[3:5] for entry in out] == [[None, "none"]] and newer.memberships(it.state) == {"rfm": "none"}
