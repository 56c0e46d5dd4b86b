"""docs/data-sets.md says whom the shipped segments find in real shops; what it says of the sets in tests/data is counted again here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.engine import Engine
from scoring.segments.families import FAMILIES
from scoring.segments.model import Segment
from scoring.segments.read import read
from streams.files import read_events
from streams.membership import membership
from streams.replay import Events, Replay
from tests.properties.profiles import LONG

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "data-sets.md").read_text(encoding="utf-8")
SHIPPED = (ROOT / "streams" / "defaults" / "segments.toml").read_text(encoding="utf-8")
SHOPS = ROOT / "tests" / "data" / "shops"
#: The others take as long as all other tests of a folder together.
QUICK = ("uci_online_retail_500customers.csv.gz",)


def table(file: Path) -> list[str]:
    """The rows of Markdown: a family's segments that have anybody in them when the file ends, and its tiers that have."""
    engine = Engine(read(SHIPPED))
    driver, events = Replay(engine, lambda at, change: None), Events()
    for event, _ in read_events([file], whole=engine.whole):
        events.add(event)
    last = events.last()
    assert last is not None
    for place, event in events.taken(last, as_arrived=False):
        driver.event(event, place)
    driver.until(last)
    counts = membership(engine, driver.customers.values())
    rows = ["| family | customers |", "|---|---|"]
    for family in FAMILIES:
        said = []
        for each in engine.definitions.segments:
            if each.family != family:
                continue
            if isinstance(each, Segment):
                said += [f"`{each.name}` {counts[each.name]:,}"] if counts[each.name] else []
            else:
                tiers = [(tier.name, counts[f"{each.name}.{tier.name}"]) for tier in each.tiers]
                rows_of = ", ".join(f"{name} {count:,}" for name, count in tiers if count)
                said += [f"`{each.name}`: {rows_of}"] if rows_of else []
        rows.append(f"| {family} | {'; '.join(said) or '–'} |")
    return rows


@pytest.mark.parametrize("file", sorted(SHOPS.iterdir()), ids=lambda file: file.name)
def test_the_guide_counts_as_the_engine_does(file: Path) -> None:
    if not LONG and file.name not in QUICK:
        pytest.skip("takes long: with GEDRAG_TEST_LONG=1")
    assert "\n".join(table(file)) in GUIDE, "docs/data-sets.md should say:\n" + "\n".join(table(file))


def test_every_set_has_its_table_with_every_family() -> None:
    sections = [each for each in re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:] if "| family |" in each]
    for file in SHOPS.iterdir():
        assert sum(file.name in section for section in sections) == 1
    for section in sections:
        assert re.findall(r"^\| (\w+) \|", section, re.MULTILINE) == ["family", *FAMILIES]
