"""Faults as people see them."""

from __future__ import annotations

import re

import pytest

from scoring.segments.faults import Fault, Faults
from scoring.segments.read import read
from tests.scoring.definitions.marked import segment

FAULTY = '[[segment]]\nname = "big_cart"\nfamily = "purchase_habits"\nwhen = "cart_itms > 3"\nhold_for = 600\n'


def faults_of(text: str) -> Faults:
    with pytest.raises(Faults) as caught:
        read(text, "shop/segments.toml")
    return caught.value


def test_all_faults_with_place_line_caret_and_hint() -> None:
    assert (
        faults_of(FAULTY).render()
        == """\
error: unknown attribute `cart_itms`
 --> shop/segments.toml:4:9
  |
4 | when = "cart_itms > 3"
  |         ^^^^^^^^^
  = did you mean `cart_items`?

error: `hold_for` must be a span of time as a text, not a number
 --> shop/segments.toml:5:12
  |
5 | hold_for = 600
  |            ^^^
  = such as hold_for = "10m"

shop/segments.toml: 2 faults"""
    )


def test_as_one_line_each() -> None:
    assert str(faults_of(FAULTY)).splitlines()[0] == "shop/segments.toml:4:9: unknown attribute `cart_itms` (did you mean `cart_items`?)"


def test_colour_only_adds_colour() -> None:
    faults = faults_of(FAULTY)
    assert "\x1b[" not in faults.render()
    assert re.sub(r"\x1b\[[0-9;]*m", "", faults.render(color=True)) == faults.render()


def caret_line(fault: Fault) -> tuple[str, str]:
    _, _, _, source, caret, *_ = fault.render().split("\n")
    return source, caret


def test_the_caret_stands_under_the_fault_behind_wide_letters_and_tabs() -> None:
    faults = faults_of(segment("\n\t'日本' == 'e\u0301' and cart_itms > 0"))
    source, caret = caret_line(faults.faults[0])
    assert source == "5 |  '日本' == 'e\u0301' and cart_itms > 0'''"
    # Two wide letters take a column more each, the combining accent takes none.
    assert caret.index("^") == source.index("cart_itms") + 2 - 1
    assert caret.count("^") == len("cart_itms")


def test_a_long_line_is_shown_around_the_fault() -> None:
    faults = faults_of(segment("has_email and " * 100 + "cart_itms > 0" + " and has_email" * 100))
    source, caret = caret_line(faults.faults[0])
    assert len(source) < 200 and source.startswith("4 | …") and source.endswith("…")
    assert source[caret.index("^") :].startswith("cart_itms")


def test_what_would_move_the_cursor_is_not_printed() -> None:
    rendered = faults_of("\x1b[2J = 3\n").render()
    assert "\x1b" not in rendered and "\ufffd[2J = 3" in rendered


def test_repeated_faults_are_told_once() -> None:
    fault = Fault("f", 1, 1, "m")
    assert Faults([fault, fault]).faults == [fault]
