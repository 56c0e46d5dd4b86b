"""What expressions mean: the checked tree of each form of the language."""

from __future__ import annotations

import pytest

from scoring.expressions.parse import parse
from scoring.expressions.tree import (
    And,
    Attr,
    Calc,
    Compare,
    Condition,
    Const,
    Flag,
    In,
    InSegment,
    IsNone,
    Neg,
    Not,
    Or,
    TierOf,
    Truth,
)

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
TIERS = {"engagement": ["intensive", "regular", "dormant"]}


def tree(text: str) -> Condition:
    return parse(text, segments={"looking"}, tiers=TIERS)


def number(value: float) -> Const:
    return Const(value, "number")


def span(value: float) -> Const:
    return Const(value, "duration")


ITEMS = Attr("cart_items", "number")
IDLE = Attr("cart_idle", "duration")
VISIT = Attr("since_last_visit", "duration")
SITE = Attr("time_on_site", "duration")
SPEND, ORDERS = Attr("spend", "number"), Attr("purchases", "number")
WARM = Attr("engagement", "number")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cart_items > 0", Compare(ITEMS, ">", number(0))),
        ("0 < cart_items", Compare(ITEMS, ">", number(0))),
        ("cart_items != 3.5", Compare(ITEMS, "!=", number(3.5))),
        ("cart_items > 0 and cart_idle >= hours(1)", And((Compare(ITEMS, ">", number(0)), Compare(IDLE, ">=", span(HOUR))))),
        ("cart_items == 1 or not cart_items < 3", Or((Compare(ITEMS, "==", number(1)), Not(Compare(ITEMS, "<", number(3)))))),
        ("hours(1) <= since_last_visit < hours(6)", And((Compare(VISIT, ">=", span(HOUR)), Compare(VISIT, "<", span(6 * HOUR))))),
        ("2 <= purchases <= 5", And((Compare(ORDERS, ">=", number(2)), Compare(ORDERS, "<=", number(5))))),
        ("purchases(days(90)) >= 3", Compare(Attr("purchases", "number", 90 * DAY), ">=", number(3))),
        ("purchases(weeks(1) + days(1)) >= 3", Compare(Attr("purchases", "number", 8 * DAY), ">=", number(3))),
        ("purchases(days(400)) >= 3", Compare(Attr("purchases", "number", 400 * DAY), ">=", number(3))),
        ("active_days(days(7)) >= 3", Compare(Attr("active_days", "number", 7 * DAY), ">=", number(3))),
        ("active_days >= 3", Compare(Attr("active_days", "number"), ">=", number(3))),
        ("page_views(seconds(0.0005)) >= 1", Compare(Attr("page_views", "number", 1), ">=", number(1))),
        ("spend / purchases >= 100", Compare(Calc("/", SPEND, ORDERS, "number"), ">=", number(100))),
        ("-spend < 1", Compare(Neg(SPEND, "number"), "<", number(1))),
        ("+spend < 1", Compare(SPEND, "<", number(1))),
        ("spend > 2 * 3 + 1", Compare(SPEND, ">", number(7))),
        ("spend > 0.1 + 0.2", Compare(SPEND, ">", number(0.1 + 0.2))),
        ("spend * 2 > purchases", Compare(Calc("*", SPEND, number(2), "number"), ">", ORDERS)),
        ("time_on_site / sessions > minutes(5)", Compare(Calc("/", SITE, Attr("sessions", "number"), "duration"), ">", span(5 * MINUTE))),
        ("time_on_site / hours(1) > 2", Compare(Calc("/", SITE, span(HOUR), "number"), ">", number(2))),
        ("2 * time_on_site > hours(1)", Compare(Calc("*", number(2), SITE, "duration"), ">", span(HOUR))),
        ("time_on_site - minutes(1) > hours(1)", Compare(Calc("-", SITE, span(MINUTE), "duration"), ">", span(HOUR))),
        ("time_on_site > minutes(sessions)", Compare(SITE, ">", Calc("*", Attr("sessions", "number"), span(MINUTE), "duration"))),
        ("cart_idle >= hours(24) / 2 + minutes(30) * 2", Compare(IDLE, ">=", span(13 * HOUR))),
        ("engagement >= 40", Compare(WARM, ">=", number(40))),
        ("40 > engagement >= 10 + 2", And((Compare(WARM, "<", number(40)), Compare(WARM, ">=", number(12))))),
        ("engagement is None", IsNone(WARM)),
        ("cart_idle is not None", IsNone(IDLE, True)),
        ("spend / purchases is None", IsNone(Calc("/", SPEND, ORDERS, "number"))),
        ("purchases in [1, 2, 3 + 1]", In(ORDERS, (1, 2, 4))),
        ("purchases not in (1, 2)", In(ORDERS, (1, 2), True)),
        ("time_on_site in [hours(1)]", In(SITE, (HOUR,))),
        ("has_email and checkout_open", And((Flag("has_email"), Flag("checkout_open")))),
        ("in_segment('looking')", InSegment("looking")),
        ('tier("engagement") == "regular"', Compare(TierOf("engagement"), "==", Const("regular", "string"))),
        ('"regular" != tier("engagement")', Compare(TierOf("engagement"), "!=", Const("regular", "string"))),
        ('tier("engagement") not in ["regular", "dormant"]', In(TierOf("engagement"), ("regular", "dormant"), True)),
        ("True", Truth(True)),
        ("not False", Not(Truth(False))),
    ],
)
def test_the_tree_of_each_form(text: str, expected: Condition) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("has_email == True", Flag("has_email")),
        ("True != has_email", Not(Flag("has_email"))),
        ("has_email == False", Not(Flag("has_email"))),
        ("has_email != False", Flag("has_email")),
        ("in_segment('looking') == False", Not(InSegment("looking"))),
        ("(cart_items > 0) == True", Compare(ITEMS, ">", number(0))),
        ("has_email in [True]", Flag("has_email")),
        ("has_email not in [True]", Not(Flag("has_email"))),
        ("has_email in [True, False]", Truth(True)),
        ("has_email is None", Truth(False)),
        ("has_email is not None", Truth(True)),
        (
            "has_email == email_consent",
            Or((And((Flag("has_email"), Flag("email_consent"))), And((Not(Flag("has_email")), Not(Flag("email_consent")))))),
        ),
        (
            "has_email != email_consent",
            Or((And((Flag("has_email"), Not(Flag("email_consent")))), And((Not(Flag("has_email")), Flag("email_consent"))))),
        ),
    ],
)
def test_comparing_true_and_false_means_what_one_expects(text: str, expected: Condition) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 < 2", True), ("2 < 1", False), ("days(1) == hours(24)", True), ("'a' == 'b'", False), ("1 in [1, 2]", True), ("3 is None", False)],
)
def test_constant_conditions_are_judged_once(text: str, value: bool) -> None:
    assert tree(text) == Truth(value)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("hours(1.1)", 3_960_000),
        ("seconds(0.001)", 1),
        ("seconds(0.0005)", 0.5),
        ("hours(1 / 3)", 1_200_000),
        ("weeks(2)", 14 * DAY),
        ("days(-1)", -DAY),
        ("minutes(0.7)", 42_000),
    ],
)
def test_durations_are_exact(text: str, milliseconds: float) -> None:
    compare = tree(f"cart_idle >= {text}")
    assert isinstance(compare, Compare) and isinstance(compare.right, Const)
    assert compare.right.value == milliseconds and type(compare.right.value) is type(milliseconds)


def test_numbers_are_doubles() -> None:
    compare = tree("spend > 9007199254740993")
    assert isinstance(compare, Compare) and compare.right == number(9007199254740992.0)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("purchases(days(90)) > 0", "purchases(days(90))"),
        ("purchases( weeks(2) ) > 0", "purchases(days(14))"),
        ("purchases(hours(48)) > 0", "purchases(days(2))"),
        ("purchases(minutes(90)) > 0", "purchases(minutes(90))"),
        ("purchases(seconds(90.5)) > 0", "purchases(seconds(90.5))"),
        ("purchases > 0", "purchases"),
    ],
)
def test_an_attribute_carries_its_canonical_text(text: str, canonical: str) -> None:
    compare = tree(text)
    assert isinstance(compare, Compare) and compare.left.text == canonical


def test_other_nodes_carry_their_authors_text_without_comments_on_one_line() -> None:
    both = tree("cart_items>0 # something\n   and hours(1)  <=  cart_idle < hours(2)")
    assert both.text == "cart_items>0 and hours(1) <= cart_idle < hours(2)"
    assert isinstance(both, And)
    assert [part.text for part in both.parts] == ["cart_items>0", "hours(1) <= cart_idle < hours(2)"]
    chain = both.parts[1]
    assert isinstance(chain, And)
    assert [part.text for part in chain.parts] == ["hours(1) <= cart_idle", "cart_idle < hours(2)"]


def test_an_expression_may_run_over_lines_without_brackets() -> None:
    assert tree("\n  cart_items > 0\r\n  and\thas_email\n") == And((Compare(ITEMS, ">", number(0)), Flag("has_email")))
