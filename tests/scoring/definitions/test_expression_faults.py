"""Every fault of an expression, with its exact place (between the marks) and what is said of it."""

from __future__ import annotations

import pytest

from scoring.expressions.parse import parse
from scoring.expressions.problem import Problems
from tests.scoring.definitions.marked import unmark

SEGMENTS = {"cart_abandoned", "lapsed"}
TIERS = {"engagement": ["intensive", "regular", "dormant"]}

UNKNOWN = [
    ("«cart_itms» > 0", "unknown attribute `cart_itms`", "did you mean `cart_items`?"),
    ("«cart_itms» > 0 and «serches» > 1", "unknown attribute `cart_itms`", "`cart_items`"),
    ("«puchases»(days(3)) > 0", "unknown attribute `puchases`", "`purchases`"),
    ("«true»", "unknown name `true`", "`True`"),
    ("spend > «zzz»", "unknown attribute `zzz`", "`gedrag traits` lists all there are"),
    ("«ｐurchases» > 1", "unknown attribute", "did you mean `purchases`?"),
    ("in_segment(«'lapse'»)", "unknown segment `lapse`", "did you mean `lapsed`?"),
    ("in_segment(«'engagement'»)", "`engagement` is a group of tiers", 'tier("engagement") == "intensive"'),
    ("tier(«'engagment'») == 'regular'", "unknown tiers `engagment`", "`engagement`"),
    ("tier(«'lapsed'») == 'regular'", "`lapsed` is a segment", 'in_segment("lapsed")'),
    ("tier('engagement') == «'regulr'»", "`regulr` is no tier of `engagement`", "`regular`"),
    ("tier('engagement') in ['regular', «'x'»]", "`x` is no tier of `engagement`", "dormant, intensive, regular"),
    ("in_segment(«lapsed»)", "takes a name in quotes", 'in_segment("lapsed")'),
]

KINDS = [
    ("since_last_visit >= «30»", "a duration is compared with a number: `since_last_visit` is a duration", "days(30), hours(30)"),
    ("«30» <= since_last_visit", "a number is compared with a duration", "days(30)"),
    ("purchases > «days(3)»", "a number is compared with a duration: `purchases` is a number", "plain number"),
    ("time_on_site > «purchases»", "a duration is compared with a number", ""),
    ("purchases == «'3'»", "a number is compared with a text", "without quotes"),
    ("has_email == «1»", "true or false is compared with a number", ""),
    ("has_email in [«1»]", "true or false is compared with a number", ""),
    ("purchases in [1, «'a'»]", "a number is compared with a text", ""),
    ("«'a'» < 'b'", "texts have no order", ""),
    ("«tier('engagement')» < 'regular'", "texts have no order", "=="),
    ("«has_email» < True", "true and false have no order", ""),
    ("«purchases»", "a number is no condition", "`purchases > 0`"),
    ("not «spend»", "a number is no condition", ""),
    ("has_email and «1»", "a number is no condition", ""),
    ("«cart_idle»", "a duration is no condition", "hours(1)"),
    ("«tier('engagement')»", "a text is no condition", "tier"),
    ("tier('engagement') == «tier('engagement')»", "a tier is compared with a name in quotes", ""),
    ("«tier('engagement')» is None", "a tier is not asked for None", ""),
    ("«time_on_site + 1» > hours(1)", "a duration and a number cannot be added", "hours(1)"),
    ("«time_on_site - 1» > hours(1)", "a number cannot be taken from a duration", ""),
    ("«time_on_site * time_on_site» > hours(1)", "a duration cannot be multiplied by a duration", ""),
    ("«1 / time_on_site» > 1", "a number cannot be divided by a duration", ""),
    ("«'a' + 'b'» == 'ab'", "a text cannot be calculated with", ""),
    ("«has_email + 1» > 1", "true or false cannot be calculated with", ""),
    ("hours(«hours(1)») < cart_idle", "takes a number", ""),
    ("(purchases > 1) == («has_email and True»)", "not compared with each other", "`and`"),
]

TIME = [
    ("since_last_visit > «cart_idle»", "`since_last_visit` grows as time passes and can only be compared with a constant", "hours(1)"),
    ("since_last_visit > «time_on_site»", "can only be compared with a constant", ""),
    ("«time_on_site» < since_last_visit", "can only be compared with a constant", ""),
    ("engagement > «purchases»", "`engagement` decays as time passes and can only be compared with a constant", ""),
    ("«engagement» == 40", "cannot be compared by `==`", "<= >"),
    ("«since_last_visit» != hours(1)", "cannot be compared by `!=`", ""),
    ("«engagement» in [1, 2]", "cannot be looked up", ""),
    ("«engagement» / 2 > 3", "cannot be calculated with", "engagement >= 12"),
    ("-«engagement» > 3", "cannot be calculated with", ""),
    ("«since_last_visit» - hours(1) > hours(3)", "cannot be calculated with", "hours(1)"),
]

WINDOWS = [
    ("purchases(«90») > 1", "the window of `purchases` must be a duration, not a number", "purchases(days(90))"),
    ("purchases(«days(0)») > 1", "longer than 0", ""),
    ("purchases(«days(-1)») > 1", "longer than 0", ""),
    ("purchases(«days(401)») > 1", "longer than 400 days", "days(400)"),
    ("purchases(«days(400) + seconds(0.001)») > 1", "longer than 400 days", ""),
    ("purchases(«days(spend)») > 1", "must be a constant", ""),
    ("active_days(«weeks(1)») > 1", "counts whole days", "active_days(days(7))"),
    ("active_days(«days(1.5)») > 1", "counts whole days", ""),
    ("active_days(«hours(24)») > 1", "counts whole days", "active_days(days(1))"),
    ("«cart_items(days(1))» > 1", "`cart_items` has no window", "without brackets"),
    ("«purchases()» > 1", "`purchases()` has no window", "whole lifetime"),
    ("«purchases(days(1), 2)» > 1", "takes one argument, not 2", ""),
    ("purchases(«days=3») > 1", "takes no named arguments", "purchases(days(30))"),
    ("purchases(«*x») > 1", "`*` is not part", ""),
    ("«days» > 1", "`days` needs a number", "days(7)"),
    ("«tier» == 'x'", "`tier` needs a name", ""),
]

NUMBERS = [
    ("«1 / 0» > 1", "division by zero", ""),
    ("«spend / (1 - 1)» > 1", "division by zero", ""),
    ("spend > «1e999»", "a number is too large", ""),
    ("spend > «1e308 * 10»", "a number is too large", ""),
    ("spend > «" + "9" * 400 + "»", "a number is too large", ""),
    ("«" + "9" * 5000 + "» > spend", "a number is too large", ""),
    ("hours(«1e305») < cart_idle", "a number is too large", ""),
    ("spend > «1j»", "no value here", ""),
]

FORMS = [
    ("«purchases.total» > 1", "attribute access is not part of this language", ""),
    ("«purchases[0]» > 1", "an index is not part", ""),
    ("«lambda: True»", "a lambda is not part", ""),
    ("(«x := 3»)", "`:=` is not part", ""),
    ("«f'{purchases}'» == 'a'", "an f-string is not part", ""),
    ("«1 if has_email else 2»", "`if … else` is not part", ""),
    ("«[x for x in y]»", "a comprehension is not part", ""),
    ("purchases in «[x for x in y]»", "only a literal list", ""),
    ("purchases in «spend»", "only a literal list stands after `in`", "[1, 2, 3]"),
    ("purchases in [«spend»]", "must be a constant", ""),
    ("«[1]» == 1", "a list stands only after `in`", ""),
    ("«{}»", "a dictionary is not part", ""),
    ("«cart_items & 1»", "`&` is not part", "`and`"),
    ("«cart_items ** 2» > 4", "`**` is not part", ""),
    ("«~has_email»", "`~` is not part", "`not`"),
    ("«has_email, True»", "a comma joins nothing", "`and`"),
    ("«purchases > 1,5»", "a comma joins nothing", "1.5"),
    ("«...»", "no value", ""),
    ("«b'a'»", "no value", ""),
    ("cart_idle == «None»", "None is not compared", "is None"),
    ("cart_idle is «3»", "only None stands after `is`", "`==`"),
    ("has_email is «True»", "only None stands after `is`", "the condition itself"),
    ("«None» > 3", "None", ""),
    ("(«a > 1»)(3)", "can be called", ""),
    ("«in_segment('lapsed')» + 1 > 2", "is a condition, not a value", ""),
    ("(«has_email and True») + 1 > 2", "a condition is no value", ""),
]

SYNTAX = [
    ("spend «=» 1", "`=` does not compare", "`==`"),
    ("has_email «&&» True", "`&&`", "`and`"),
    ("has_email «||» True", "`||`", "`or`"),
    ("«!»has_email", "`!`", "`not`"),
    ("spend «<>» 1", "`<>`", "`!=`"),
    ("spend «=>» 1", "`=>`", "`>=`"),
    ("spend «≥» 1", "`≥`", "`>=`"),
    ("spend «===» 1", "`===`", "`==`"),
    ("has_email «AND» True", "`AND`", "`and`"),
    ("«NOT» has_email", "`NOT`", "`not`"),
    ("spend > «1h»", "`1h` is no number", "hours(1)"),
    ("in_segment(«“»lapsed”)", "no quote", "plain quotes"),
    ("spend > 1 «then»", "`then` is unexpected here", ""),
    ("spend > 50«%»", "`%`", "0.2"),
    ("spend >«»", "ends too early", ""),
    ("(spend > 1«]»", "this `]` closes a `(`", ""),
    ("spend > 1«)» or (has_email", "this `)` closes nothing", ""),
    ("«(»spend > 1", "this `(` is never closed", ""),
    ("in_segment(«'»lapsed)", "this quote is never closed", ""),
    ("«»", "the expression is empty", "cart_items > 0"),
    ("«  # nothing»", "the expression is empty", ""),
    ("has_email and\n  «cart_itms» > 0", "unknown attribute", ""),
    ("has_email # é\n  and 'é' == 'é' and «cart_itms» > 0", "unknown attribute", ""),
    ("has_email # ( ' \"\n and «x» > 0", "unknown attribute", ""),
]


@pytest.mark.parametrize(("marked", "message", "hint"), UNKNOWN + KINDS + TIME + WINDOWS + NUMBERS + FORMS + SYNTAX)
def test_a_fault_is_told_at_its_place(marked: str, message: str, hint: str) -> None:
    text, places = unmark(marked)
    with pytest.raises(Problems) as caught:
        parse(text, segments=SEGMENTS, tiers=TIERS)
    problems = caught.value.problems
    assert [(problem.start, problem.end) for problem in problems] == places, problems
    assert message in problems[0].message
    assert hint in problems[0].hint


@pytest.mark.parametrize(
    "text",
    [
        "not " * 4_000 + "True",
        "-" * 9_000 + "1",
        "1" + "+1" * 6_000 + " > 0",
        "spend" + "+spend" * 70 + " > 0",
        "(" * 100 + "True" + ")" * 100,
        "lambda:" * 2_000 + "1",
        "a" + ".a" * 5_000,
        "a" + "()" * 4_000,
        "days(" * 60 + "1" + ")" * 60 + " > 1",
        "1 if 1 else " * 1_000 + "1",
        "not (" * 60 + "True" + ")" * 60 + " " * 30_000,
    ],
)
def test_no_depth_or_length_ends_in_a_traceback(text: str) -> None:
    with pytest.raises(Problems) as caught:
        parse(text)
    assert any(word in caught.value.problems[0].message for word in ("deep", "characters", "takes a number"))


def test_a_long_but_flat_condition_is_fine() -> None:
    parse(" or ".join(f"purchases == {n}" for n in range(500)))


def test_all_faults_of_an_expression_are_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        parse("serches > 1 and cart_idle > 3 and purchases(1) > 'x' or in_segment('nope')")
    assert len(caught.value.problems) == 4
