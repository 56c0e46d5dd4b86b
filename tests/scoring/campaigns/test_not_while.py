"""`not_while`: whom only transactional mail may reach for now, who has an open complaint; and campaigns of families that are off."""

from __future__ import annotations

from scoring.events.schema import Feedback
from tests.scoring.campaigns.shop import CART, DAY, HOUR, SEGMENTS, Shop, T, add, reachable
from tests.scoring.campaigns.test_read import faults

POLICY = """
[policy]
not_while = "in_segment('complaining')"
"""
COMPLAINING = '\n[[segment]]\nname = "complaining"\nfamily = "satisfaction"\nwhen = "open_complaint"\n'
FILE = POLICY + CART.replace("[policy]\n", "").replace('language = "en"\n', "")


def complaint(at: int) -> Feedback:
    return Feedback("c1", T + at, "complaint", text="broken")


def shop(campaigns: str = FILE) -> Shop:
    return Shop(campaigns, SEGMENTS + COMPLAINING)


def test_an_open_complaint_stops_promotional_mail_until_it_is_old() -> None:
    it = shop().send(reachable(), add(0)).until(T + 2 * HOUR).send(complaint(3 * HOUR)).until(T + 90 * DAY)
    assert it.decisions() == [
        ("abandoned_cart", 1, "send", "", HOUR),
        ("abandoned_cart", 2, "suppressed", "not_while", 25 * HOUR),
        ("abandoned_cart", 3, "suppressed", "not_while", 73 * HOUR),
    ]
    assert [each["reason"] for each in it.withdrawn] == ["not_while"]  # decided an hour before: it may be on its way still


def test_transactional_mail_goes_all_the_same() -> None:
    it = shop(FILE + "transactional = true\n").send(reachable(), complaint(-HOUR), add(0)).until(T + 2 * HOUR)
    assert it.decisions() == [("abandoned_cart", 1, "send", "", HOUR)]


def test_one_that_always_holds_is_a_fault() -> None:
    assert faults('[policy]\nnot_while = "page_views >= 0"\n' + CART.replace("[policy]\n", "")) == [
        "2:13 `not_while` is always true: no step could ever be sent"
    ]


def test_a_campaign_of_a_family_that_is_off_is_not_there() -> None:
    off = SEGMENTS.replace("[[tiers]]", '[families]\noff = ["purchase_habits"]\n[[tiers]]')
    it = Shop(CART, off).send(reachable(), add(0)).until(T + 9 * DAY)
    assert it.engine.campaigns is not None and it.engine.campaigns.campaigns == ()
    assert it.messages == []
