"""`gedrag percentiles` against a count of its own, and what --write makes of a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from scoring.segments.read import read
from streams.cli.main import build
from tests.contracts.scenario import BEGIN, DAY, tiers, toml

MONEY = "# ours\n" + tiers("money", "top: spend >= 900", "middle: spend >= 100", "low", family="loyalty") + toml("page_views > 3", "other")
STAGES = (
    tiers("stage", "bought: purchases >= 1", "looking")
    + toml("tier('stage') == 'looking' and since_entered('stage') >= days(99)", "stuck_in_looking")  # a guess
)


def shop(tmp_path: Path) -> str:
    """Ten customers who spend 1 to 10, after 1 to 10 days of looking."""
    rows = []
    for n in range(1, 11):
        rows.append({"event_type": "page_view", "customer_id": f"c{n}", "ts": BEGIN})
        rows.append({"event_type": "purchase", "customer_id": f"c{n}", "order_id": f"o{n}", "ts": BEGIN + n * DAY, "total": n})
    rows.append({"event_type": "page_view", "customer_id": "looker", "ts": BEGIN})
    path = tmp_path / "shop.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def run(tmp_path: Path, text: str, *options: str) -> tuple[Result, Path]:
    file = tmp_path / "segments.toml"
    file.write_text(text)
    return CliRunner().invoke(build(), ["percentiles", shop(tmp_path), "--segments", str(file), *options]), file


def test_percentiles_of_an_attribute_are_values_that_occur(tmp_path: Path) -> None:
    result, _ = run(tmp_path, MONEY, "--attribute", "spend", "--where", "purchases >= 1", "--cuts", "20,50,95")
    assert result.stdout.split() == ["20", "%", "2", "50", "%", "5", "95", "%", "10"]
    assert "10 customers" in result.stderr
    result, _ = run(tmp_path, MONEY, "--attribute", "since_last_purchase", "--cuts", "50", "--at", "2026-03-22T00:00:00Z")
    assert result.stdout.split() == ["50", "%", "2w"], "five of ten bought 14 days ago or later"
    assert "1 of whom it isn't known left out" in result.stderr


def test_written_into_the_conditions_that_are_there(tmp_path: Path) -> None:
    result, file = run(
        tmp_path, MONEY, "--attribute", "spend", "--where", "purchases >= 1", "--cuts", "40,80", "--tiers", "money", "--write",
        str(tmp_path / "segments.toml"),
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert file.read_text() == MONEY.replace("900", "8").replace("100", "4")


def test_a_group_that_is_not_there_is_added(tmp_path: Path) -> None:
    result, file = run(
        tmp_path, MONEY, "--attribute", "spend", "--cuts", "50,90", "--tiers", "new", "--write", str(tmp_path / "segments.toml")
    )
    assert result.exit_code == 0 and file.read_text().startswith(MONEY.rstrip())
    added = read(file.read_text()).segments[-1]
    assert added.name == "new" and [tier.when.text if tier.when else "" for tier in added.tiers] == ["spend >= 9", "spend >= 5", ""]  # type: ignore[union-attr]


def test_time_in_a_stage_is_that_of_those_who_moved_on(tmp_path: Path) -> None:
    result, file = run(tmp_path, STAGES, "--stage", "stage", "--cuts", "50,90", "--write", str(tmp_path / "segments.toml"))
    assert result.exit_code == 0, result.stderr
    bought, looking = result.stdout.splitlines()
    assert "nobody moved on" in bought and "10 are in it" in bought
    assert "50 % 5d  90 % 9d  (10 moved on, 1 are in it)" in looking
    assert file.read_text() == STAGES.replace("days(99)", "days(5)")


def test_a_stage_without_such_a_segment_gets_one(tmp_path: Path) -> None:
    alone = STAGES[: STAGES.index("[[segment]]")]
    _, file = run(tmp_path, alone, "--stage", "stage", "--write", str(tmp_path / "segments.toml"))
    added = read(file.read_text()).segments[-1]
    assert added.name == "stuck_in_looking" and added.when.text == "tier('stage') == 'looking' and since_entered('stage') >= days(5)"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give either --attribute or --stage"),
        (["--attribute", "spnd"], "did you mean `spend`?"),
        (["--attribute", "has_email"], "true or false is not measured"),
        (["--attribute", "spend", "--cuts", "200"], "numbers between 0 and 100"),
        (["--attribute", "spend", "--where", "purchases > 1"], "of no customer is `spend` known"),
        (
            ["--attribute", "purchases", "--where", "purchases >= 1", "--cuts", "50,60", "--tiers", "money", "--write", "segments.toml"],
            "the same",
        ),
        (["--attribute", "spend", "--cuts", "50", "--tiers", "money", "--write", "segments.toml"], "has 2 tiers that compare `spend`"),
        (["--stage", "other"], "there is no such group of tiers"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    result, file = run(tmp_path, MONEY, *options)
    assert result.exit_code == 2 and said in result.stderr and file.read_text() == MONEY
