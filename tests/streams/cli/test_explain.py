"""`gedrag explain` on files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import build

DEFINITIONS = """
[[segment]]
name = "away"
family = "other"
when = "since_last_visit >= hours(1)"

[[tiers]]
name = "buys"
family = "loyalty"
tiers = [ { name = "often", when = "purchases >= 2" }, { name = "once", when = "purchases >= 1" }, { name = "never" } ]
"""
EVENTS = [
    {"event_type": "page_view", "customer_id": "kim", "ts": "2026-03-01T10:00:00Z"},
    {"event_type": "purchase", "customer_id": "kim", "ts": "2026-03-01T10:10:00Z", "order_id": "o1", "total": 5},
    {"event_type": "page_view", "customer_id": "lou", "ts": "2026-03-01T10:30:00Z"},
]


@pytest.fixture
def shop(tmp_path: Path) -> list[str]:
    """The options that name its files."""
    (tmp_path / "segments.toml").write_text(DEFINITIONS)
    (tmp_path / "shop.ndjson").write_text("".join(json.dumps(each) + "\n" for each in EVENTS))
    return ["--segments", str(tmp_path / "segments.toml"), str(tmp_path / "shop.ndjson")]


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(build(), ["explain", *words])
    assert result.exit_code == code, result.output
    return result.output


def told(*words: str) -> dict[str, dict[str, object]]:
    return {each["segment"]: each for each in map(json.loads, (line for line in run(*words, "--json").splitlines() if line[0] == "{"))}


def test_as_of_the_last_event(shop: list[str]) -> None:
    found = told("--customer", "kim", *shop)
    assert found["away"] == {
        "segment": "away", "family": "other", "kind": "segment", "member": False, "tier": None, "since": None,
        "reason": "since_last_visit 20m is not >= 1h", "attributes": {"since_last_visit": 1200.0},
        "changes": {"at": "2026-03-01T11:10:00.000Z", "kind": "entered", "to": None}, "looked_until": None,
    }  # fmt: skip
    assert (found["buys"]["tier"], found["buys"]["since"]) == ("once", "2026-03-01T10:10:00.000Z")
    assert found["buys"]["reason"] == "purchases 1 >= 1; not often: purchases 1 is not >= 2"


def test_at_another_instant_and_as_a_table(shop: list[str]) -> None:
    assert told("--customer", "kim", "--at", "2026-03-01T12:00:00Z", *shop)["away"]["since"] == "2026-03-01T11:10:00.000Z"
    assert told("--customer", "kim", "--at", "2026-03-01T10:05:00Z", *shop)["buys"]["tier"] == "never"
    table = run("--customer", "kim", *shop)
    assert "kim at 2026-03-01T10:30:00.000Z" in table and "entered 2026-03-01T11:10:00Z" in table


def test_what_is_wrong_is_one_line_and_code_2(shop: list[str], tmp_path: Path) -> None:
    assert "did you mean `kim`?" in run("--customer", "kin", *shop, code=2)
    assert "nothing of that customer by" in run("--customer", "lou", "--at", "2026-03-01T10:00:00Z", *shop, code=2)
    assert "--at 'soon'" in run("--customer", "lou", "--at", "soon", *shop, code=2)
    with (tmp_path / "shop.ndjson").open("a") as file:
        file.write("{\n")
    assert "shop.ndjson:4: not_json" in run("--customer", "kim", *shop, code=3)
