"""Whatever stands in a file: it is read, or refused with faults that stand within it. Nothing else ever comes out."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import streams
from scoring.expressions.parse import parse
from scoring.expressions.problem import Problems
from scoring.segments.faults import Faults
from scoring.segments.read import read
from scoring.traits.catalog import CATALOG
from tests.properties.profiles import searching

SHIPPED = (Path(streams.__file__).parent / "defaults" / "segments.toml").read_text(encoding="utf-8")
TIERS = {"engagement": ["intensive", "dormant"]}

WORDS = [
    *CATALOG, "hours", "days", "weeks", "in_segment", "tier", "'cart'", '"engagement"', "'dormant'", "and", "or", "not", "in", "is", "None",
    "True", "False", "lambda", "if", "else", "for", "await", "yield",
    "<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "**", "%", "&", "~",
    "(", ")", "[", "]", "{", "}", ",", ".", ":", ":=", "=", "!", "#", "\\", "\n",
    "\r", "\t", "\0", "'", '"', '"""', "f'{", "b'", "0", "1", "2.5",
    "1e400", "07", "1_0", "0x1f", "1j", "...", "é", "ｐ", "\u202e", "\ud800", "😀", "9" * 5_000,
]  # fmt: skip


def check_expression(text: str) -> None:
    try:
        parse(text, segments={"cart"}, tiers=TIERS)
    except Problems as problems:
        assert problems.problems
        for problem in problems.problems:
            assert 0 <= problem.start <= problem.end <= max(len(text), problem.start + 1)
            assert problem.start <= len(text)
            assert problem.message


def check_file(text: str) -> None:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    try:
        read(text)
    except Faults as faults:
        assert faults.faults
        for fault in faults.faults:
            assert 1 <= fault.line <= len(lines)
            assert fault.source_line == lines[fault.line - 1]
            assert 1 <= fault.column <= len(fault.source_line) + 1
        for rendered in (faults.render(), re.sub(r"\x1b\[[0-9;]*m", "", faults.render(color=True))):
            assert all(ch == "\n" or ch.isprintable() for ch in rendered)


@given(st.text())
def test_any_text_as_an_expression(text: str) -> None:
    check_expression(text)


@searching(300)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
def test_any_words_of_the_language_as_an_expression(text: str) -> None:
    check_expression(text)


@given(st.text())
def test_any_text_as_a_file(text: str) -> None:
    check_file(text)


@searching(200)
@given(st.data())
def test_a_good_file_with_one_place_spoilt(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SHIPPED)))
    end = data.draw(st.integers(start, min(start + 20, len(SHIPPED))))
    check_file(SHIPPED[:start] + data.draw(st.text(max_size=10) | st.sampled_from(WORDS)) + SHIPPED[end:])


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(WORDS)
KEYS = st.sampled_from(["name", "family", "when", "exit_when", "hold_for", "cooldown", "tiers", "weights", "half_life", "page_view", "x"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)


def toml(value: object) -> str:
    """A value as TOML would write it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(ch if ch.isprintable() and ch not in '"\\' else f"\\U{ord(ch) % 0xD800:08X}" for ch in value) + '"'
    if value is None:
        return "1979-05-27"
    return str(value).lower()


@searching(300)
@given(st.lists(st.tuples(st.sampled_from(["segment", "tiers", "engagement", "x"]), st.lists(VALUES, max_size=3) | VALUES), max_size=3))
def test_any_shape_of_values(pairs: list[tuple[str, object]]) -> None:
    check_file("\n".join(f"{key} = {toml(value)}" for key, value in pairs))
