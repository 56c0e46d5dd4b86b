"""`gedrag replay` on real shops gives the changes and memberships that brute force found."""

from __future__ import annotations

import csv
import gzip
import json
import random
from pathlib import Path
from zlib import crc32

import pytest

from scoring.segments.model import Segment
from scoring.segments.read import read
from tests.contracts.expected import DATA, Case, at, cases, changes, differences, memberships, replay
from tests.properties.profiles import LONG

DAY = 86_400
CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_change_is_the_expected_one(case: Case, tmp_path: Path) -> None:
    table = replay(case, tmp_path / "changes.ndjson")
    expected, actual = changes(case.expected), changes(tmp_path / "changes.ndjson")
    assert differences(expected, actual, case.loose)[:10] == []
    members = json.loads(case.members.read_text(encoding="utf-8"))
    assert {name: table[name] for name in ("customers", "changes", "until", "membership")} == {
        name: members[name] for name in ("customers", "changes", "until", "membership")
    }
    # what the reference didn't use is what replay calls repeats
    assert table["events"] + table["repeats"] == members["events"] + sum(members["not_used"].values())
    assert table["rejected"] == 0


def test_a_case_that_differs_is_told(tmp_path: Path) -> None:
    case = CASES[0]
    expected = changes(case.expected)
    caused, late = expected[2] | {"cause": "import"}, expected[3] | {"at": "2030-01-01T00:00:00.000Z"}
    found = differences(expected, [*expected[:2], caused, late], case.loose)
    assert sum(line.startswith("missing") for line in found) == len(expected) - 4
    assert sum(line.startswith("different") for line in found) == 2
    assert differences(expected, expected, case.loose) == []


def chosen(customer: str) -> bool:
    """One of so many customers: what comes of one does not depend on others."""
    return crc32(customer.encode()) % (1 if LONG else 3) == 0


def shuffled(source: Path, target: Path, seed: int) -> None:
    """The rows as they might arrive: each up to a day late, so none comes after one that is more than a day younger."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if chosen(row["customer_id"])]
    chance = random.Random(seed)
    rows.sort(key=lambda row: at({"at": row["ts"]}).timestamp() + chance.choice([0, 0, 60, 3600, DAY, chance.randrange(DAY + 1)]))
    with target.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


#: cdnow has days for instants: a day late, nothing is late.
AS_ARRIVED = [(case, seed) for seed, case in enumerate(CASES) if not case.name.startswith("cdnow")]


@pytest.mark.parametrize(("case", "seed"), AS_ARRIVED, ids=[case.name for case, _ in AS_ARRIVED])
def test_as_arrived_within_lateness_ends_the_same(case: Case, seed: int, tmp_path: Path) -> None:
    shuffled(case.input, tmp_path / "shuffled.csv", seed)
    replay(case, tmp_path / "changes.ndjson", "--as-arrived", input=tmp_path / "shuffled.csv")
    actual = changes(tmp_path / "changes.ndjson")
    wanted = [change for change in changes(case.expected) if chosen(change["customer_id"])]
    assert any(change["cause"] == "late_event" for change in actual)
    plain = without_history(case)
    ended, expected = ({k: v for k, v in memberships(c).items() if k[1] in plain} for c in (actual, wanted))
    assert {k: (ended.get(k), expected.get(k)) for k in ended.keys() | expected.keys() if ended.get(k) != expected.get(k)} == {}


def without_history(case: Case) -> set[str]:
    """Tiers and segments without hold_for, cooldown or exit_when, that refer to no segment with them."""
    definitions = read(case.definitions.read_text(encoding="utf-8"))
    if case.definitions.stem == "state":
        return {"cart_rich", "bought_lately"}
    return {
        s.name for s in definitions.segments
        if not isinstance(s, Segment) or (s.exit_when is None and not s.hold_for and not s.cooldown)
    }  # fmt: skip


def test_what_is_kept_here_may_be_copied() -> None:
    """Each file is named with its source and terms."""
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    kept = sorted(path.name for path in (DATA / "shops").iterdir())
    assert kept and all(f"| {name} |" in readme for name in kept)
