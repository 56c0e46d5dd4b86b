"""Every fault of a definition file, with its exact line and column (between the marks) and what is said of it."""

from __future__ import annotations

import pytest

from scoring.segments.read import read
from tests.scoring.definitions.marked import refused, refused_at_marks, segment

OK = segment("has_email")


def tiers(inner: str) -> str:
    return f'[[tiers]]\nname = "group"\nfamily = "other"\ntiers = {inner}\n'


def three(first: str, second: str) -> str:
    """Tiers a, b and c; a mark around a condition is moved around its quotes."""
    text = tiers(f"[ {{ name = 'a', when = '{first}' }},\n  {{ name = 'b', when = '{second}' }}, {{ name = 'c' }} ]")
    return text.replace("'«", "«'").replace("»'", "'»")


TOML = [
    ("[[segment]]\nname = «cart»", "this is no value", "texts stand in quotes"),
    ('[[segment]]\n«name» = "cart\nb"', "not closed on its line", ""),
    ("«x» = [1,\n 2\n", "this list is never closed", ""),
    ("x «3»", "`=` is missing", ""),
    ("«=» 3", "neither `key = value` nor a [table]", ""),
    ("a = 'x' «'»y'", "more follows the value", ""),
    ("a = 1\n  «a» = 2", "this key is there already", ""),
    (
        "[segment]\nname = 'a'\n«[segment]»\nname = 'b'\n",
        "this table is there already",
        "[[segment]]",
    ),
    ("a = 'x'\nb = «2021-02-30»", "date", ""),
]

KEYS = [
    ("«[engagment]»\n" + OK, "unknown table or key `engagment`", "`engagement`"),
    ("«[[segments]]»\nname = 'a'\n" + OK, "unknown table or key `segments`", "`segment`"),
    (OK + "«exit_wen» = 'True'\n", "unknown key `exit_wen` in a segment", "`exit_when`"),
    (tiers("[ { name = 'a', «wen» = 'True' } ]"), "unknown key `wen` in a tier", "`when`"),
    ("«[segment]»\nname = 'a'\nfamily = 'other'\nwhen = 'True'\n", "stands in single brackets", "[[segment]]"),
    ("«segment» = 3", "`segment` must be tables, not a number", "[[segment]]"),
    ("segment = [«3»]", "a segment must be a table, not a number", ""),
    ("«[[engagement]]»\n" + OK, "`engagement` must be a table", "single brackets"),
    ("«[[segment]]»\nname = 'a'\nfamily = 'other'\n", "a segment needs `when`", "cart_items > 0"),
    ("«[[segment]]»\nfamily = 'other'\nwhen = 'True'\n", "a segment needs `name`", ""),
    ("«[[segment]]»\nname = 'a'\nwhen = 'True'\n", "a segment needs `family`", ""),
    ("«[[tiers]]»\nname = 'a'\nfamily = 'other'\n", "needs `tiers`", "seldom"),
    (tiers("[ «{ when = 'has_email' }», { name = 'b' } ]"), "a tier needs `name`", ""),
    ("« »# nothing at all\n", "this file defines no segment", "[[segment]]"),
]

VALUES = [
    (OK.replace('"one"', "«3»"), "`name` must be a text, not a number", ""),
    (OK.replace('"one"', '«"Cart Abandoned"»'), "`Cart Abandoned` is no name", '"cart_abandoned"'),
    (OK.replace('"one"', '«"1st"»'), "`1st` is no name", ""),
    (OK.replace('"one"', '«"naïve"»'), "`naïve` is no name", ""),
    (OK.replace('"one"', '«""»'), "`` is no name", ""),
    (OK.replace('"other"', '«"purchase_habit"»'), "unknown family `purchase_habit`", "`purchase_habits`"),
    (OK.replace('"other"', '«"benefits"»'), "unknown family `benefits`", "`benefits_sought`"),
    (OK.replace("'''has_email'''", "«true»"), "`when` must be a text, not true or false", ""),
    (OK.replace("'''has_email'''", "«['has_email']»"), "`when` must be a text, not a list", ""),
    (OK.replace("'''has_email'''", "«1979-05-27»"), "`when` must be a text, not a date or time", ""),
    (OK + "hold_for = «600»\n", "must be a span of time as a text", '"10m"'),
    (OK + 'hold_for = «"10 min"»\n', '"10 min" is no span of time', '"10m"'),
    (OK + 'cooldown = «"7D"»\n', '"7D" is no span of time', '"7d"'),
    (OK + 'cooldown = «"1h30m"»\n', "is no span of time", "digits and one of s m h d w"),
    (OK + 'cooldown = «"-1h"»\n', "is no span of time", ""),
    (OK + 'cooldown = «".5h"»\n', "is no span of time", ""),
    (OK + 'cooldown = «"٣h"»\n', "is no span of time", ""),
    (OK + 'cooldown = «"99999999w"»\n', "is no span of time", "hundred years"),
    (OK + '[engagement]\nhalf_life = «"0d"»\n', "`half_life` must be longer than 0", ""),
    (OK + "[engagement]\nhalf_life = «7»\n", "must be a span", ""),
    (OK + "[engagement]\n«halflife» = '7d'\n", "unknown key `halflife`", "`half_life`"),
    (OK + "[engagement.weights]\n«page_vew» = 1\n", "unknown event type `page_vew`", "`page_view`"),
    (OK + "[engagement]\nweights = { page_view = «-1» }\n", "0 or more", ""),
    (OK + "[engagement.weights]\npage_view = «nan»\n", "a weight must be", ""),
    (OK + "[engagement.weights]\npage_view = «'1'»\n", "a weight must be a number, not a text", ""),
    (OK + "[engagement.weights]\npage_view = «true»\n", "not true or false", ""),
    (OK + "[engagement]\nweights = «3»\n", "`weights` must be a table", ""),
    (OK + OK.replace('"one"', '«"one"»'), "`one` is defined already, on line 2", "share their names"),
    (OK + tiers("[ { name = 'a' } ]").replace('"group"', '«"one"»'), "`one` is defined already", ""),
    (tiers("«3»"), "`tiers` must be a list", ""),
    (tiers("«[]»"), "at least one tier", ""),
    (tiers("[ «'a'», { name = 'b' } ]"), "a tier must be a table, not a text", ""),
    (tiers("[ { name = 'a', when = 'has_email' }, { name = «'a'» } ]"), "a tier `a` already", ""),
]

TIERS = [
    (three("engagement >= 12", "«engagement >= 40»"), "who meets its condition is in `a`", "narrowest"),
    (three("spend >= 12", "«spend >= 12»"), "in `a` before it", ""),
    (three("spend > 12", "«spend >= 12.5»"), "in `a` before it", ""),
    (three("cart_idle < hours(2)", "«cart_idle < hours(1)»"), "in `a` before it", ""),
    (three("spend > 1", "«has_email and spend > 2»"), "in `a` before it", ""),
    (three("spend > 1 or has_email", "«has_email»"), "in `a` before it", ""),
    (three("purchases >= 2", "«purchases in [2, 3]»"), "in `a` before it", ""),
    (tiers("[ { name = 'a', when = 'True' }, { name = 'b', when = «'spend > 2'» }, { name = «'c'» } ]"), "everybody is in `a`", ""),
    (tiers("[ { name = 'a', when = 'cart_items >= 0' }, { name = «'b'» } ]"), "everybody is in `a` before it", ""),
    (tiers("[ { name = 'a', when = 'has_email' }, { name = 'b', when = 'not has_email' }, { name = «'c'» } ]"), "true of everybody", ""),
    (three("«False»", "has_email"), "its condition is never true", ""),
    (three("«spend > 5 and spend < 3»", "has_email"), "its condition is never true", ""),
    (tiers("[ { name = 'a', when = 'spend > 5' }, { name = 'b', «when» = 'spend > 2' } ]"), "the last tier has no `when`", "other"),
    (tiers("[ { name = 'a' } ]\nof = «'False'»"), "nobody is in this group", ""),
    (tiers("[ { name = 'a' } ]\nof = \"«nme» > 2\""), "unknown attribute", ""),
    (tiers("[ { name = 'a' } ]\nof = «3»"), "`of`", ""),
    (tiers("[ { name = 'a', when = 'spend > 0' }, { name = «'b'» } ]\nof = 'spend > 2'"), "everybody is in `a`", ""),
    (tiers("[ { name = 'a', when = «'spend < 1'» }, { name = 'b' } ]\nof = 'spend > 2'"), "not of this group", ""),
    (tiers("[ «{ name = 'a' }», { name = 'b' } ]"), "tier `a` needs a `when`", ""),
]

REACHED = [
    ("engagement >= 40", "engagement >= 12"),
    ("spend > 12", "spend >= 12"),
    ("spend >= 1", "cart_value >= 1"),
    ("cart_idle < hours(1)", "cart_idle >= hours(1)"),
    ("purchases(days(30)) >= 1", "purchases(days(90)) >= 1"),
    ("spend >= 0", "spend >= -1"),
    ("since_last_visit >= days(0)", "has_email"),
    ("not spend > 3", "spend > 3 and has_email"),
]


@pytest.mark.parametrize(("first", "second"), REACHED)
def test_a_tier_that_can_be_reached_is_no_fault(first: str, second: str) -> None:
    read(three(first, second))


EXPRESSIONS = [
    (OK.replace("has_email", "«cart_itms» > 0"), "unknown attribute", "`cart_items`"),
    (OK.replace("has_email", "\n  has_email and\n\tcart_idle > «3»\n"), "a duration is compared with a number", ""),
    (
        OK + "exit_when = \"'\\u0041' == 'é' or «hass_email»\"\n",
        "unknown attribute",
        "`has_email`",
    ),
    (OK + 'exit_when = """\\\n   has_email \\\n   and "\\u00e9" == "é" and «zz»"""\n', "unknown attribute", ""),
    (tiers("[ { name = 'a', when = \"engagement >= 2 and «nme»\" }, { name = 'b' } ]"), "unknown attribute", ""),
    (OK + 'exit_when = «""»\n', "the expression is empty", ""),
    (OK + "exit_when = 'has_email and«'»\n", "ends too early", ""),
]


@pytest.mark.parametrize(("marked", "message", "hint"), TOML + KEYS + VALUES + TIERS + EXPRESSIONS)
def test_a_fault_is_told_at_its_place(marked: str, message: str, hint: str) -> None:
    faults = refused_at_marks(marked)
    assert message in faults[0].message
    assert hint in faults[0].hint


def cyclic(*pairs: tuple[str, str]) -> str:
    return "".join(segment(when).replace('"one"', f'"{name}"') for name, when in pairs)


def test_a_cycle_is_named() -> None:
    marked = cyclic(
        ("a", "in_segment(«'b'»)"), ("b", "has_email or in_segment('c')"), ("c", "not in_segment('a')"), ("d", "in_segment('a')")
    )
    (fault,) = refused_at_marks(marked)
    assert "a -> b -> c -> a" in fault.message


def test_a_segment_that_refers_to_itself() -> None:
    (fault,) = refused_at_marks(cyclic(("a", "in_segment(«'a'»)")))
    assert "`a` refers to itself" in fault.message


def test_a_cycle_through_tiers_and_exit_when() -> None:
    marked = OK + 'exit_when = \'tier(«"group"») == "b"\'\n' + tiers("[ { name = 'a', when = 'in_segment(\"one\")' }, { name = 'b' } ]")
    (fault,) = refused_at_marks(marked)
    assert "one -> group -> one" in fault.message


def test_two_cycles_are_two_faults() -> None:
    faults = refused(cyclic(("a", "in_segment('b')"), ("b", "in_segment('a')"), ("c", "in_segment('d')"), ("d", "in_segment('c')")))
    assert [fault.message.rpartition(": ")[2] for fault in faults] == ["a -> b -> a", "c -> d -> c"]


def test_a_long_chain_without_a_cycle_is_fine() -> None:
    read(cyclic(("s0", "has_email"), *((f"s{n}", f"in_segment('s{n - 1}')") for n in range(1, 1_500))))


def test_a_very_long_cycle_ends_in_no_traceback() -> None:
    (fault,) = refused(cyclic(*((f"s{n}", f"in_segment('s{(n + 1) % 1_500}')") for n in range(1_500))))
    assert fault.message.endswith("s7 -> … -> s0")


def test_all_faults_of_a_file_are_told_at_once_in_order_of_place() -> None:
    marked = """[engagement]
half_life = «"x"»

[[segment]]
name = «"A"»
family = «"nope"»
when = "«cart_itms» > 0 and cart_idle > «3»"
«holdfor» = "10m"

[[tiers]]
name = "group"
family = "usage"
tiers = [ { name = "a", when = "«wat» > 0" }, «3», { name = "b", «when» = "True" } ]
"""
    assert len(refused_at_marks(marked)) == 9


def test_a_faulty_name_is_not_told_again_at_every_reference() -> None:
    refused_at_marks(OK.replace('"one"', '«"Bad"»') + segment("in_segment('Bad')").replace('"one"', '"two"'))


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 2_000 + "]" * 2_000, "x = " + "{a=" * 2_000 + "1" + "}" * 2_000, "x = " + "9" * 5_000, "x = '\ud800'"]
)
def test_absurd_toml_is_a_fault(text: str) -> None:
    assert len(refused(text)) == 1
