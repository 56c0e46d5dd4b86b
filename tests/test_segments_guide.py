"""The guide to segments tells stories; here each is acted out with the shipped definitions and campaigns, and must end as it says.

    day 1 10:00  purchase order_id=o1 total=59          an event: fields as cells of a CSV file, _ for a space in a value
    → day 4 09:00  enters just_delivered                what comes of it: enters, leaves, is now (of tiers: group.tier), gets (a mail)
    → never gets abandoned_cart_1

Day 1 is Monday 2026-03-02, UTC. A story may begin with `first day 2025-11-20`.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.segments.families import FAMILIES
from scoring.segments.read import read
from scoring.state import Customer
from streams.settings.model import SHIPPED

GUIDE = (Path(__file__).parents[1] / "docs" / "segments.md").read_text(encoding="utf-8")
STORIES = re.findall(r"^### (.+?)\n.*?^```story\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"(→ )?day (\d+) (\d\d):(\d\d)(?::(\d\d))?\s+(.*)")
SEGMENTS = read((SHIPPED / "segments.toml").read_text(encoding="utf-8"))
#: Somebody who is held out of no shipped campaign.
CUSTOMER = "customer-12"
ENGINE = Engine(SEGMENTS, read_campaigns((SHIPPED / "campaigns.toml").read_text(encoding="utf-8"), SEGMENTS))


def acted_out(story: str) -> tuple[list[str], list[str]]:
    """(what the story says comes of it, all that does), each as `2026-03-02T10:00:00Z enters x`."""
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    state: Customer | None = None
    told: list[str] = []
    found: list[str] = []
    last = begin
    for line in story.splitlines():
        if line.startswith("first day "):
            begin = datetime.fromisoformat(line[10:]).replace(tzinfo=UTC)
            continue
        if line.startswith("→ never "):
            told.append(line[2:])
            continue
        match = _LINE.fullmatch(line)
        assert match is not None, f"no line of a story: {line}"
        arrow, day, hour, minute, second, rest = match.groups()
        at = begin + timedelta(days=int(day) - 1, hours=int(hour), minutes=int(minute), seconds=int(second or 0))
        last = max(last, at)
        if arrow:
            told.append(f"{_text(at)} {rest}")
            continue
        event_type, *fields = rest.split()
        cells = {name: value.replace("_", " ") if name in ("text",) else value for name, value in (each.split("=", 1) for each in fields)}
        row = {"event_type": event_type, "customer_id": CUSTOMER, "ts": _text(at)} | cells
        out: list[list[Any]] = []
        state = ENGINE.event(state, from_row(row, cells=True, whole=ENGINE.whole), out) or state
        found += _said(out)
    assert state is not None
    out = []
    ENGINE.until(state, int(last.timestamp() * 1000), out, CUSTOMER)
    return told, found + _said(out)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _said(out: list[list[Any]]) -> list[str]:
    said = []
    for entry in out:
        topic, value, _ = ENGINE.render(entry, CUSTOMER, None)
        record = json.loads(value)
        at = record.get("at", "")[:19] + "Z"
        if topic == "segment-changes":
            words = {"entered": "enters", "exited": "leaves"}
            said.append(
                f"{at} {words[record['kind']]} {record['segment']}"
                if record["kind"] in words
                else f"{at} is now {record['segment']}.{record['to']}"
            )
        elif topic == "messages" and record["decision"] == "send":
            said.append(f"{at} gets {record['template']}")
    return said


@pytest.mark.parametrize(("name", "story"), STORIES, ids=[name for name, _ in STORIES])
def test_the_story_ends_as_the_guide_says(name: str, story: str) -> None:
    told, found = acted_out(story)
    assert told, "nothing comes of it?"
    for line in told:
        if line.startswith("never "):
            assert not any(each.endswith(line[6:]) for each in found), f"{line}, but\n" + "\n".join(found)
            continue
        assert line in found, f"{line}\nis not among\n" + "\n".join(found)


def test_every_family_has_its_part_and_every_shipped_segment_is_named() -> None:
    for family in FAMILIES[:-1]:
        assert re.search(rf"`{family}`", GUIDE), family
    for each in SEGMENTS.segments:
        assert f"`{each.name}`" in GUIDE, each.name
