"""`gedrag traits`: every attribute, with what a marketer needs to know of it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from scoring.traits.catalog import CATALOG
from streams.cli.main import build
from streams.cli.traits import rows


def gedrag(*words: str) -> Result:
    return CliRunner().invoke(build(), list(words))


def test_every_attribute_is_there_once_with_family_type_unit_events_and_time() -> None:
    found = json.loads(gedrag("traits", "--json").stdout)
    assert sorted(each["name"].partition("(")[0] for each in found) == sorted(CATALOG)
    by_name = {each["name"]: each for each in found}
    assert by_name["purchases(…)"] == {
        "family": "core", "name": "purchases(…)", "type": "number", "unit": "count", "time": "steps, with a window", "fed_by": "purchase",
        "meaning": "orders placed",
    }  # fmt: skip
    assert by_name["cart_value"]["unit"] == "currency" and by_name["since_last_visit"]["time"] == "grows"
    assert all(each["type"] and each["meaning"] and each["fed_by"] for each in found)


def test_of_one_family() -> None:
    lines = gedrag("traits", "--family", "satisfaction").stdout.splitlines()
    assert lines[0].split()[:2] == ["Family", "Attribute"] and any("open_complaint" in line for line in lines)
    assert not any("purchases" in line for line in lines)
    done = gedrag("traits", "--family", "satisfacton")
    assert (done.exit_code, done.stderr) == (2, "gedrag traits: unknown family satisfacton; did you mean `satisfaction`?\n")


def test_a_table_for_each_family_in_markdown() -> None:
    headings = [line for line in gedrag("traits", "--markdown").stdout.splitlines() if line.startswith("## ")]
    assert headings[0] == "## core" and len(headings) == len({row.family for row in rows()})


def test_the_guide_has_them_all() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "attributes.md").read_text(encoding="utf-8")
    made = gedrag("traits", "--markdown").stdout
    assert made.strip() in guide, "make it anew: its heading and what `gedrag traits --markdown` prints"
