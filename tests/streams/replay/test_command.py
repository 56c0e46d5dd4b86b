"""`gedrag replay` as its users call it: outputs, exit codes, faults, Ctrl-C and a closed pipe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import build

HOUR = 3_600_000
T = 1_772_362_800_000  # 2026-03-01T11:00:00Z
SEGMENTS = """
[[segment]]
name = "quiet"
family = "usage"
when = "since_last_visit >= hours(1)"

[[tiers]]
name = "spending"
family = "purchase_habits"
tiers = [ { name = "some", when = "spend > 0" }, { name = "none" } ]
"""
EVENTS = f"""\
{{"event_type":"page_view","customer_id":"a","ts":{T}}}
{{"event_type":"purchase","customer_id":"b","ts":{T + 2 * HOUR},"order_id":"o","total":5}}
{{"event_type":"purchase","customer_id":"b","ts":{T + 2 * HOUR},"order_id":"o","total":5}}
{{"event_type":"page_view","customer_id":"c","ts":{T + 1000}}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with events and definitions, and no setting from outside."""
    for name in [name for name in os.environ if name.startswith("GEDRAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "segments.toml").write_text(SEGMENTS)
    (tmp_path / "shop.ndjson").write_text(EVENTS)
    return tmp_path


def gedrag(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(build(), arguments, input=stdin)


def changes(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def briefly(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(change["customer_id"], change["segment"], change["kind"], change["to"], change["at"][11:19]) for change in found]


TWO_HOURS = [
    ("a", "spending", "moved", "none", "11:00:00"),
    ("c", "spending", "moved", "none", "11:00:01"),
    ("a", "quiet", "entered", None, "12:00:00"),
    ("c", "quiet", "entered", None, "12:00:01"),
    ("b", "spending", "moved", "some", "13:00:00"),
]


def test_changes_go_to_standard_output_and_the_table_to_standard_error() -> None:
    result = gedrag("replay", "shop.ndjson")
    assert result.exit_code == 0
    found = changes(result.stdout)
    assert briefly(found) == TWO_HOURS
    assert all("detected_at" not in change for change in found)
    assert "definitions: segments.toml" in result.stderr
    assert "3 customers, 3 events, 5 changes; 1 repeats, 0 rejected, until 2026-03-01T13:00:00.000Z" in result.stderr
    table = [[cell.strip() for cell in line.strip("│").split("│")] for line in result.stderr.splitlines() if "│" in line]
    assert table == [["quiet", "2", "66.67"], ["spending.some", "1", "33.33"], ["spending.none", "2", "66.67"]]
    for head in ("Segment", "Customers", "% of total"):
        assert head in result.stderr


def test_json_is_the_table_and_out_takes_the_changes(here: Path) -> None:
    result = gedrag("replay", "shop.ndjson", "--json", "--out", "changes.ndjson")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "customers": 3,
        "events": 3,
        "changes": 5,
        "until": "2026-03-01T13:00:00.000Z",
        "repeats": 1,
        "rejected": 0,
        "membership": [
            {"segment": "quiet", "customers": 2, "percent": 66.67},
            {"segment": "spending.none", "customers": 2, "percent": 66.67},
            {"segment": "spending.some", "customers": 1, "percent": 33.33},
        ],
    }
    assert briefly(changes((here / "changes.ndjson").read_text())) == TWO_HOURS
    assert sorted(os.listdir(here)) == ["changes.ndjson", "segments.toml", "shop.ndjson"]


def test_json_without_out_prints_no_changes() -> None:
    result = gedrag("replay", "shop.ndjson", "--json")
    assert json.loads(result.stdout)["changes"] == 5


@pytest.mark.parametrize("until", ["2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00", str(T + HOUR)])
def test_until(until: str) -> None:
    assert briefly(changes(gedrag("replay", "shop.ndjson", "--until", until).stdout)) == TWO_HOURS[:3]


def test_until_a_day_is_its_midnight_and_may_come_long_after_the_last_event() -> None:
    result = gedrag("replay", "shop.ndjson", "--json", "--until", "2026-03-02")
    report = json.loads(result.stdout)
    assert report["until"] == "2026-03-02T00:00:00.000Z"
    assert report["membership"][0] == {"segment": "quiet", "customers": 3, "percent": 100.0}


def test_no_events_at_all(here: Path) -> None:
    (here / "empty.ndjson").write_text("")
    report = json.loads(gedrag("replay", "empty.ndjson", "--json").stdout)
    assert (report["customers"], report["until"]) == (0, None)
    assert {row["percent"] for row in report["membership"]} == {0.0}


def test_as_arrived_takes_the_order_read_and_writes_in_order_of_time(here: Path) -> None:
    lines = EVENTS.splitlines(keepends=True)
    (here / "late.ndjson").write_text(lines[1] + lines[0] + lines[3])
    result = gedrag("replay", "late.ndjson", "--as-arrived")
    assert sorted(briefly(changes(result.stdout)), key=lambda change: change[4]) == TWO_HOURS
    assert briefly(changes(result.stdout)) == TWO_HOURS


def test_several_files_and_standard_input(here: Path) -> None:
    (here / "more.csv").write_text("event_type,customer_id,ts\npage_view,d,2026-03-01T11:00:00Z\n")
    result = gedrag("replay", "more.csv", "-", "--json", stdin=EVENTS)
    assert json.loads(result.stdout)["customers"] == 4


def test_rejected_lines_are_told_with_their_place_and_exit_code_3(here: Path) -> None:
    bad = "".join(f'{{"event_type":"page_view","customer_id":"a","ts":"day {n}"}}\n' for n in range(100))
    (here / "bad.ndjson").write_text(EVENTS + "nonsense\n" + bad)
    result = gedrag("replay", "bad.ndjson", "--json")
    assert result.exit_code == 3
    told = [line for line in result.stderr.splitlines() if line.startswith("bad.ndjson:")]
    assert told[0].startswith("bad.ndjson:5: not_json: ")
    assert told[1] == (
        "bad.ndjson:6: bad_ts: ts 'day 0': expected RFC 3339 with an offset, as 2026-03-01T11:00:00Z, or integer epoch milliseconds"
    )
    assert len(told) == 101
    assert json.loads(result.stdout)["rejected"] == 101


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replay", "none.ndjson"], "none.ndjson: No such file"),
        (["replay", "shop.txt"], "shop.txt: expected a name that ends in"),
        (["replay", "shop.ndjson", "--segments", "none.toml"], "none.toml"),
        (["replay", "shop.ndjson", "--until", "tomorrow"], "--until 'tomorrow': expected RFC 3339"),
        (["replay", "shop.ndjson", "--until", "99999999999999999"], "--until"),
        (["replay", "shop.ndjson", "--out", "no/such/folder"], "No such file"),
        (["replay", "shop.ndjson", "--set", "currency=euros"], "currency"),
        (["replay"], "FILE"),
    ],
)
def test_wrong_use_is_exit_code_2_and_one_sentence(here: Path, arguments: list[str], words: str) -> None:
    result = gedrag(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert sorted(os.listdir(here)) == ["segments.toml", "shop.ndjson"]


def test_faulty_definitions_are_exit_code_2_with_every_fault(here: Path) -> None:
    (here / "segments.toml").write_text(SEGMENTS.replace("since_last_visit", "since_last_visti").replace("spend >", "spent >"))
    result = gedrag("replay", "shop.ndjson")
    assert result.exit_code == 2
    assert "since_last_visit" in result.stderr and "spend" in result.stderr


def test_a_damaged_file_leaves_an_older_result_as_it_was(here: Path) -> None:
    (here / "changes.ndjson").write_text("older")
    (here / "bad.ndjson.gz").write_bytes(b"no gzip")
    assert gedrag("replay", "shop.ndjson", "bad.ndjson.gz", "--out", "changes.ndjson").exit_code == 2
    assert (here / "changes.ndjson").read_text() == "older"
    assert sorted(os.listdir(here)) == ["bad.ndjson.gz", "changes.ndjson", "segments.toml", "shop.ndjson"]


def test_settings_say_what_the_shop_is_like(here: Path) -> None:
    (here / "shop.ndjson").write_text(EVENTS + f'{{"event_type":"purchase","customer_id":"a","ts":{T},"order_id":"x","currency":"USD"}}\n')
    assert gedrag("replay", "shop.ndjson").exit_code == 3
    (here / "gedrag.toml").write_text('currency = "USD"\n')
    assert gedrag("replay", "shop.ndjson").exit_code == 0


def test_the_shipped_definitions_are_those_without_a_file(here: Path) -> None:
    (here / "segments.toml").unlink()
    result = gedrag("replay", "shop.ndjson", "--json")
    assert result.exit_code == 0
    assert "definitions: those shipped with gedrag" in result.stderr
    assert "cart_abandoned" in {row["segment"] for row in json.loads(result.stdout)["membership"]}


def program(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", "from streams.cli.main import main; main()", *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        **options,
    )


def test_ctrl_c_ends_cleanly_and_leaves_no_half_result(here: Path) -> None:
    with program("replay", "-", "--out", "changes.ndjson", stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(EVENTS)
        process.stdin.flush()
        waited = time.monotonic()
        while not any(name.endswith(".part") for name in os.listdir(here)):
            assert process.poll() is None and time.monotonic() - waited < 30
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        told = process.stderr.read()
    assert "interrupted: changes.ndjson was not written" in told
    assert "Traceback" not in told
    assert sorted(os.listdir(here)) == ["segments.toml", "shop.ndjson"]


def test_a_reader_that_goes_away_is_no_fault() -> None:
    with program("simulate", "--customers", "500", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b'{"event_type":')
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""
