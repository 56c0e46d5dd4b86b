"""`gedrag diff`: customers that are known by name, under definitions that are changed in one place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import build
from tests.contracts.scenario import BEGIN, DAY, tiers, toml

UCI = Path(__file__).parents[2] / "data" / "shops" / "uci_online_retail_500customers.csv.gz"
SPENDS = toml("spend >= 5", "spends")
LOOKS = toml("page_views >= 1", "looks")
MONEY = tiers("money", "high: spend >= 9", "middle: spend >= 3", "low")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the events of ten days: c1 to c10 spend 1 to 10, a day after each other; c1 looks around at the end."""
    for name in [name for name in os.environ if name.startswith("GEDRAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    rows = [
        {"event_type": "purchase", "customer_id": f"c{n}", "ts": BEGIN + (n - 1) * DAY, "order_id": f"o{n}", "total": n}
        for n in range(1, 11)
    ]
    rows.append({"event_type": "page_view", "customer_id": "c1", "ts": BEGIN + 10 * DAY})
    (tmp_path / "shop.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def run(old: str, new: str, *options: str, files: tuple[str, ...] = ("shop.ndjson",), code: int = 0) -> Result:
    Path("old.toml").write_text(old)
    Path("new.toml").write_text(new)
    result = CliRunner().invoke(build(), ["diff", "old.toml", "new.toml", *files, *options])
    assert result.exit_code == code, result.output
    return result


def told(old: str, new: str, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(old, new, "--json", *options).stdout)
    return found


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["segment"]: row for row in report["segments"]}


def cells(result: Result) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in result.stdout.splitlines() if line.startswith("│")]


def names(old: str, new: str, *options: str) -> list[tuple[Any, ...]]:
    run(old, new, "--out", "names.ndjson", *options)
    found = [json.loads(line) for line in Path("names.ndjson").read_text().splitlines()]
    assert all(list(each) == ["customer_id", "segment", "old", "new"] for each in found)
    return [tuple(each.values()) for each in found]


AT_MOST_6 = SPENDS.replace(">= 5", "<= 6")


def test_as_many_members_and_others_they_are() -> None:
    result = run(SPENDS + LOOKS, AT_MOST_6 + LOOKS)
    assert cells(result) == [["spends", "6", "4", "4", "+4 -4", "0.60"]]
    assert result.stdout.splitlines()[-3:] == [
        "1 of 2 segments and tiers are unchanged (--all shows them).",
        "At deployment 8 of 10 customers change at once (cause definition): 4 entries, 4 exits; afterwards 0.70 changes a day, as now.",
        "10 customers, 11 events in 10.0 days, until 2026-03-12T00:00:00.000Z; 0 repeats, 0 rejected",
    ]


def test_who_they_are() -> None:
    falling, coming = [(f"c{n}", "spends", True, False) for n in range(7, 11)], [(f"c{n}", "spends", False, True) for n in range(1, 5)]
    assert sorted(names(SPENDS + LOOKS, AT_MOST_6 + LOOKS)) == sorted(coming + falling)


def test_new_and_gone_and_renamed() -> None:
    report = told(SPENDS + LOOKS, toml("spend >= 5", "buys") + LOOKS)
    assert by_name(report) == {
        "spends": {
            "segment": "spends", "definition": "gone", "customers": {"old": 6, "new": None}, "come_in": 0, "fall_out": 6,
            "at_once": {"in": 0, "out": 6}, "changes_a_day": {"old": 0.6, "new": None},
        },
        "buys": {
            "segment": "buys", "definition": "new", "customers": {"old": None, "new": 6}, "come_in": 6, "fall_out": 0,
            "at_once": {"in": 6, "out": 0}, "changes_a_day": {"old": None, "new": 0.6},
        },
    }  # fmt: skip
    assert list(by_name(report)) == ["spends", "buys"], "what is gone stands where it stood"
    assert cells(run(SPENDS + LOOKS, toml("spend >= 5", "buys") + LOOKS)) == [
        ["spends", "6 → gone", "0", "6", "-6", "0.60 →    -"],
        ["buys", "new →    6", "6", "0", "+6", "- → 0.60"],
    ]
    assert ("c5", "buys", False, True) in names(SPENDS + LOOKS, toml("spend >= 5", "buys") + LOOKS)


def test_tiers_are_rows_of_their_own() -> None:
    new = MONEY.replace(">= 9", ">= 7")
    rows = by_name(told(MONEY, new))
    assert {name: (row["customers"]["old"], row["customers"]["new"], row["come_in"], row["fall_out"]) for name, row in rows.items()} == {
        "money.high": (2, 4, 2, 0), "money.middle": (6, 4, 0, 2), "money.low": (2, 2, 0, 0),
    }  # fmt: skip
    assert rows["money.high"]["at_once"] == {"in": 2, "out": 0} and rows["money.middle"]["at_once"] == {"in": 0, "out": 2}
    assert names(MONEY, new) == [("c7", "money", "middle", "high"), ("c8", "money", "middle", "high")]


def test_a_tier_in_between_and_a_group_that_goes() -> None:
    between = MONEY.replace('{ name = "low" }', '{ name = "little", when = "spend >= 2" }, { name = "low" }')
    report = told(MONEY + LOOKS, between + LOOKS)
    assert by_name(report)["money.little"]["definition"] == "new" and by_name(report)["money.high"]["definition"] == "changed"
    assert report["at_once"] == {"customers": 1, "entered": 0, "exited": 0, "moved": 1}
    assert names(MONEY + LOOKS, LOOKS)[:2] == [("c1", "money", "low", None), ("c2", "money", "low", None)]


def test_a_new_group_is_a_move_of_everybody_at_once() -> None:
    report = told(LOOKS, LOOKS + MONEY)
    assert report["at_once"] == {"customers": 10, "entered": 0, "exited": 0, "moved": 10}
    assert report["changes_a_day"] == {"old": 0.1, "new": 1.1}


def test_who_has_to_hold_is_in_but_not_at_once() -> None:
    """Had it always been in force they would be in; taken up now, the worker has them hold from now on."""
    report = told(SPENDS, SPENDS + toml("spend >= 5", "keeps_spending", hold_for="3d"))
    row = by_name(report)["keeps_spending"]
    assert (row["customers"]["new"], row["come_in"], row["at_once"]) == (4, 4, {"in": 0, "out": 0}), "c5 to c8 have held for three days"
    assert "At deployment nothing changes at once; afterwards 1.00 changes a day instead of 0.60." in run(
        SPENDS, SPENDS + toml("spend >= 5", "keeps_spending", hold_for="3d")
    ).stdout  # fmt: skip


def test_who_would_never_have_come_in_stays_until_exit_when() -> None:
    old = toml("spend >= 5", exit_when="refunds > 0")
    row = by_name(told(old, old.replace(">= 5", ">= 8")))["it"]
    assert (row["customers"], row["fall_out"]) == ({"old": 6, "new": 3}, 3)
    assert row["at_once"] == {"in": 0, "out": 0}, "the worker asks members for exit_when alone"


def test_what_refers_to_a_changed_segment_changes_with_it() -> None:
    follows = toml("in_segment('spends')", "follows")
    rows = by_name(told(SPENDS + follows, SPENDS.replace(">= 5", ">= 8") + follows))
    assert (rows["follows"]["definition"], rows["follows"]["fall_out"]) == ("same", 3)


def test_robots_are_in_their_own_segment_alone(here: Path) -> None:
    views = [{"event_type": "page_view", "customer_id": "bot", "ts": BEGIN, "user_agent": "Googlebot/2.1"}]
    with (here / "shop.ndjson").open("a") as file:
        file.writelines(json.dumps(view) + "\n" for view in views)
    robot = toml("is_robot", "robot", family="technological")
    rows = by_name(told(LOOKS + MONEY, LOOKS + MONEY + robot))
    assert rows["looks"]["customers"] == {"old": 2, "new": 1} and rows["robot"]["come_in"] == 1
    assert ("bot", "money", "low", None) in names(LOOKS + MONEY, LOOKS + MONEY + robot)


def test_ids_that_were_joined_are_one_customer(here: Path) -> None:
    tie = {"event_type": "identity", "customer_id": "c9", "anonymous_id": "c8", "ts": BEGIN + 10 * DAY}
    with (here / "shop.ndjson").open("a") as file:
        file.write(json.dumps(tie) + "\n")
    assert told(MONEY, MONEY.replace(">= 9", ">= 17"))["customers"] == 9
    assert names(MONEY, MONEY.replace(">= 9", ">= 17")) == [("c10", "money", "high", "middle")]


@pytest.mark.parametrize("new", [SPENDS + LOOKS, LOOKS + "# spaces and places mean nothing\n" + SPENDS.replace(">= 5", ">=  5")])
def test_files_that_mean_the_same(new: str) -> None:
    result = run(SPENDS + LOOKS, new)
    assert result.stdout.startswith("No differences.\n10 customers") and "At deployment" not in result.stdout
    assert names(SPENDS + LOOKS, new) == []
    assert told(SPENDS + LOOKS, new)["segments"] == []
    assert {tuple(row) for row in cells(run(SPENDS + LOOKS, new, "--all"))} == {
        ("spends", "6", "0", "0", "0", "0.60"),
        ("looks", "1", "0", "0", "0", "0.10"),
    }


def test_until_and_fewer_days_than_one() -> None:
    assert by_name(told(SPENDS, AT_MOST_6, "--until", "2026-03-05"))["spends"]["come_in"] == 4
    report = told(SPENDS, AT_MOST_6, "--until", "2026-03-02T12:00:00Z")
    assert (report["customers"], report["days"], report["changes_a_day"]) == (1, 1.0, {"old": 0.0, "new": 1.0})


def test_no_events_at_all(here: Path) -> None:
    (here / "shop.ndjson").write_text("")
    report = told(SPENDS, AT_MOST_6)
    assert (report["customers"], report["until"], report["changes_a_day"]) == (0, None, {"old": 0.0, "new": 0.0})
    assert "0 customers, 0 events; 0 repeats, 0 rejected" in run(SPENDS, AT_MOST_6).stdout


def test_events_of_standard_input(here: Path) -> None:
    events = (here / "shop.ndjson").read_text()
    Path("old.toml").write_text(SPENDS)
    Path("new.toml").write_text(AT_MOST_6)
    result = CliRunner().invoke(build(), ["diff", "old.toml", "new.toml", "-", "--json"], input=events)
    assert json.loads(result.stdout)["customers"] == 10


@pytest.mark.parametrize("faulty", ["old", "new"])
def test_faults_of_either_file_are_told_as_by_check(faulty: str) -> None:
    bad = SPENDS.replace("spend >=", "spent >=")
    result = run(bad if faulty == "old" else SPENDS, bad if faulty == "new" else SPENDS, "--out", "names.ndjson", code=2)
    checked = CliRunner().invoke(build(), ["check", f"{faulty}.toml"])
    assert result.stderr == checked.stderr and "did you mean `spend`?" in result.stderr
    assert result.stdout == "" and not Path("names.ndjson").exists()


def test_rejected_lines_are_told_once_and_end_with_3(here: Path) -> None:
    (here / "bad.ndjson").write_text("nonsense\n")
    result = run(SPENDS, AT_MOST_6, files=("shop.ndjson", "bad.ndjson"), code=3)
    assert result.stderr.startswith("bad.ndjson:1: not_json: ") and result.stderr.count("bad.ndjson:1") == 1
    assert result.stdout.endswith("0 repeats, 1 rejected\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.toml", "new.toml", "shop.ndjson"], "none.toml: there is no such file"),
        (["old.toml", "new.toml"], "FILE"),
        (["old.toml", "new.toml", "none.ndjson"], "none.ndjson: No such file"),
        (["old.toml", "new.toml", "shop.ndjson", "--until", "tomorrow"], "--until 'tomorrow': expected RFC 3339"),
        (["old.toml", "new.toml", "shop.ndjson", "--out", "no/such/folder"], "no/such/folder: No such file"),
    ],
)
def test_wrong_use(here: Path, words: list[str], said: str) -> None:
    for name in ("old.toml", "new.toml"):
        (here / name).write_text(SPENDS)
    result = CliRunner().invoke(build(), ["diff", *words])
    assert result.exit_code == 2 and said in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_real_shop_counts_as_two_replays_do(here: Path) -> None:
    old = toml("spend(days(365)) >= 500 and purchases(days(365)) >= 4", "vip") + toml("since_last_purchase >= days(60)", "lapsed")
    old += tiers("often", "weekly: purchases(days(30)) >= 4", "monthly: purchases(days(30)) >= 1", "seldom")
    new = old.replace(">= 500", ">= 900").replace("days(60)", "days(90)").replace("days(30)) >= 4", "days(30)) >= 3")
    until = "--until", "2011-03-01"
    report = json.loads(run(old, new, "--json", "--all", *until, files=(str(UCI),)).stdout)
    for side in ("old", "new"):
        replayed = json.loads(CliRunner().invoke(build(), ["replay", str(UCI), "--segments", f"{side}.toml", "--json", *until]).stdout)
        assert {name: row["customers"][side] for name, row in by_name(report).items()} == {
            row["segment"]: row["customers"] for row in replayed["membership"]
        }
        assert report["changes_a_day"][side] == round(replayed["changes"] / report["days"], 4)
    for row in report["segments"]:
        assert row["customers"]["new"] - row["customers"]["old"] == row["come_in"] - row["fall_out"]
        assert row["at_once"] == {"in": row["come_in"], "out": row["fall_out"]}, "nothing here looks back beyond its own answer"
