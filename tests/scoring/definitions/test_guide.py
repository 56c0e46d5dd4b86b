"""The definitions guide says what is so: its examples are read, its faults are real, its tables are the catalogue's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.segments.families import FAMILIES
from scoring.segments.faults import Faults
from scoring.segments.model import DEFAULT_WEIGHTS
from scoring.segments.read import read
from scoring.traits.attribute import Attribute
from scoring.traits.catalog import CORE

GUIDE = (Path(__file__).parents[3] / "docs" / "definitions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
_CHANGE = {"grows": "grows", "decays": "decays", "none": "no"}


def attribute_row(attribute: Attribute) -> str:
    name = f"{attribute.name}(…)" if attribute.windowed else attribute.name
    change = "in steps, with a window" if attribute.change == "steps" else _CHANGE[attribute.change]
    kind = "true or false" if attribute.kind == "boolean" else attribute.kind
    return f"| `{name}` | {kind} | {attribute.meaning} | {change} |"


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: "_".join(re.findall(r'^name = "(\w+)"', text, re.MULTILINE)))
def test_every_example_is_read(example: str) -> None:
    assert read(example).segments


def test_the_faults_shown_are_those_of_the_file_shown() -> None:
    faulty = re.search(r"^```toml faulty\n(.*?)^```\n\n```text\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    assert faulty is not None
    with pytest.raises(Faults) as caught:
        read(faulty[1])
    assert caught.value.render() + "\n" == faulty[2]


def test_the_table_of_attributes_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `\w+(?:\(…\))?` \| (?:number|duration|true or false) \|.*$", GUIDE, re.MULTILINE)
    found = [line for line in GUIDE.splitlines() if any(line.startswith(f"| `{name}") for name in CORE) and line.count("|") == 5]
    assert found == [attribute_row(attribute) for attribute in CORE.values()]
    assert len(rows) == len(CORE)


def test_every_family_is_listed() -> None:
    assert "Families: " + ", ".join(f"`{family}`" for family in FAMILIES) + "." in GUIDE.replace("\n", " ")


def test_the_weights_said_are_the_defaults() -> None:
    block = next(example for example in EXAMPLES if "[engagement.weights]" in example)
    engagement = read(block).engagement
    assert {**engagement.weights, "refund": 0} == {**DEFAULT_WEIGHTS, "refund": 0}


def test_the_arithmetic_of_engagement() -> None:
    daily = 2 ** (-1 / 7)
    assert 10 <= 1 / (1 - daily) < 11
    assert 40 * daily**12 >= 12 > 40 * daily**13
