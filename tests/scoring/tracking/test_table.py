"""`collector.toml`: a shop's own names, and what is said of a faulty one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.events.decode import Invalid
from scoring.events.schema import CART_EVENTS, FEEDBACK, PAGE_VIEWS
from scoring.segments.faults import Faults
from scoring.tracking.mapping import Unknown
from scoring.tracking.read import read
from scoring.tracking.values import plain
from tests.scoring.tracking.test_mapping import SHIPPED, become, identify, track

GUIDE = Path(__file__).parents[3] / "docs" / "collector.md"

OWN = """
unknown = "dead-letter"
[track]
"Put in Basket" = "cart_add"
"Order Completed" = "ignore"
"Survey Answered" = { event = "feedback", set = { kind = "survey", max_score = 10 }, from = { score = ["answer.grade", "context.grade"] } }
[page]
"Koopjes" = "sale"
"Product" = "ignore"
"*" = "article"
[properties]
product_id = ["item.code", "product_id"]
[traits]
language = ["language", "context.locale"]
"consent.email" = "newsletter"
"""


def test_a_shops_own_names_come_before_the_shipped_ones() -> None:
    assert track("put-in-basket", OWN, item={"code": 7}) == [(CART_EVENTS, {"action": "add", "product_id": "7"})]
    assert track("Product Added", OWN, product_id="p1") == [(CART_EVENTS, {"action": "add", "product_id": "p1"})]
    assert track("Order Completed", OWN, order_id="o1") == []
    with pytest.raises(Unknown):
        track("Something Else", OWN)
    assert read(OWN).over(SHIPPED).keep_unknown is True
    assert read("").over(SHIPPED).keep_unknown is False


def test_fields_may_be_fixed_and_found_elsewhere() -> None:
    survey = {"kind": "survey", "max_score": "10"}

    assert track("Survey Answered", OWN, answer={"grade": 8}, score=3) == [(FEEDBACK, survey | {"score": "8"})]
    call = {"type": "track", "userId": "c1", "event": "Survey Answered", "context": {"grade": 9}}
    assert become(call, OWN) == [(FEEDBACK, survey | {"score": "9"})]


def test_pages_may_be_named_left_out_and_taken_together() -> None:
    def page(name: str) -> list[tuple[int, dict[str, str]]]:
        return become({"type": "page", "userId": "c1", "name": name}, OWN)

    assert page("koopjes") == [(PAGE_VIEWS, {"page_type": "sale"})]
    assert page("Product") == []
    assert page("About us") == [(PAGE_VIEWS, {"page_type": "article"})]


def test_traits_may_be_found_elsewhere() -> None:
    assert identify({"newsletter": True}, OWN, locale="nl-NL") == {"language": "nl-NL", "consent": {"email": True}}
    with pytest.raises(Invalid, match=r"consent\.email 'maybe': expected true or false"):
        identify({"newsletter": "maybe"}, OWN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[track]\n"A" = "cart_ad"', r":2:7: unknown event type `cart_ad`.*cart_add"),
        ('[track]\n"A" = 1', r":2:7: a call becomes an event type or a table, not a number"),
        ('[track]\n"A" = { set = {} }', r":2:7: `event` is missing"),
        ('[track]\n"A" = { event = "purchase", set = { totl = 1 } }', r":2:\d+: unknown field `totl`.*total"),
        ('[track]\n"A" = { event = "cart_add", from = { price = 3 } }', r":2:\d+: a place is a text"),
        ('[track]\n"A" = { event = "cart_add", form = {} }', r":2:\d+: unknown key `form`.*from"),
        ('[track]\n"Put it" = "cart_add"\n"put_it" = "ignore"', r":3:1: `put_it` is the same name as `Put it`"),
        ('[page]\n"A" = 1', r":2:7: a page is a page_type or .ignore., not a number"),
        ('[properties]\nprodct_id = "x"', r":2:1: unknown field `prodct_id`.*product_id"),
        ('[traits]\nemail = []', r":2:9: a place is a text"),
        ('[trak]\n', r":1:\d+: unknown table or key `trak`.*track"),
        ('unknown = "drop"', r":1:11: `unknown` is .ignore. or .dead-letter."),
        ("[track", r":1:"),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_place(text: str, said: str) -> None:
    with pytest.raises(Faults) as found:
        read(text, "collector.toml")
    assert re.search("collector.toml" + said, str(found.value)), str(found.value)


def test_the_guide_names_every_name_of_the_shipped_table_and_what_it_becomes() -> None:
    guide = GUIDE.read_text()
    rows = {
        plain(name.strip(" *`")): event
        for names, event in re.findall(r"^\| ([^|]+) \| `?([a-z_]+)`?[^|]* \|", guide, re.M)
        for name in names.split(",")
    }

    for name, rule in SHIPPED.track.items():
        assert rows.get(name) == (rule.event_type or "nothing"), name
