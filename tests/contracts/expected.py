"""Cases of expected changes: where they are, running `gedrag replay` on them, and telling what differs."""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from streams.cli.main import build

DATA = Path(__file__).resolve().parent.parent / "data"

#: Segments that read `engagement`: a sum of powers whose last bit depends on the order of addition. Their `at` may differ by a second.
LOOSE = {"core": {"engagement"}, "state": {"warm", "warm_and_quiet"}}


@dataclass(frozen=True)
class Case:
    """One row of an index: an input, definitions and what comes out."""

    name: str
    input: Path
    definitions: Path
    until: str
    expected: Path
    members: Path
    loose: frozenset[str]


def cases() -> Iterator[Case]:
    """The cases kept here, and those of the folder that GEDRAG_TEST_EXPECTED names."""
    yield from _rows(DATA / "index.tsv", DATA / "shops", DATA / "expected")
    more = os.environ.get("GEDRAG_TEST_EXPECTED")
    if more:
        here = {case.name for case in _rows(DATA / "index.tsv", DATA / "shops", DATA / "expected")}
        folder = Path(more)
        yield from (case for case in _rows(folder / "index.tsv", folder, folder) if case.name not in here)


def _rows(index: Path, inputs: Path, expected: Path) -> Iterator[Case]:
    with index.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            name, definitions = f"{row['data']}.{row['definitions']}", row["definitions"]
            yield Case(
                name, inputs / row["input"], index.parent / "definitions" / f"{definitions}.toml", row["until"],
                expected / f"{name}.ndjson.gz", expected / f"{name}.members.json", frozenset(LOOSE.get(definitions, ())),
            )  # fmt: skip


def replay(case: Case, out: Path, *options: str, input: Path | None = None) -> dict[str, Any]:
    """Runs `gedrag replay`; the changes are in `out`, the table is returned."""
    command = ["replay", str(input or case.input), "--segments", str(case.definitions), "--until", case.until, "--out", str(out), "--json"]
    result = CliRunner().invoke(build(), [*command, *options])
    assert result.exit_code == 0, result.stderr
    table: dict[str, Any] = json.loads(result.stdout)
    return table


def changes(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def differences(expected: list[dict[str, Any]], actual: list[dict[str, Any]], loose: frozenset[str]) -> list[str]:
    """What is missing, extra, repeated, different or out of order, in words. A change is known by customer, segment, episode and kind."""
    want, have = {key(c): c for c in expected}, {key(c): c for c in actual}
    found = [f"{len(actual) - len(have)} changes share customer, segment, episode and kind"] if len(have) < len(actual) else []
    found += [f"missing: {want[k]}" for k in want.keys() - have.keys()]
    found += [f"extra: {have[k]}" for k in have.keys() - want.keys()]
    for k in want.keys() & have.keys():
        one, two = want[k], have[k]
        apart = 0.0 if one["at"] == two["at"] else abs((at(one) - at(two)).total_seconds())
        if any(one[n] != two[n] for n in ("from", "to", "cause")) or apart > (1 if one["segment"] in loose else 0):
            found.append(f"different: {one} but {two}")
    last: dict[str, str] = {}
    for change in actual:  # instants of one form, which sort as text
        if change["at"] < last.get(change["customer_id"], ""):
            found.append(f"out of order: {change}")
        last[change["customer_id"]] = change["at"]
    return found


def memberships(of: list[dict[str, Any]]) -> dict[tuple[str, str], str | None]:
    """Where a list of changes leaves each customer: (customer, segment) -> tier, "in", or not there."""
    where: dict[tuple[str, str], str | None] = {}
    for change in of:
        where[change["customer_id"], change["segment"]] = {"entered": "in", "exited": None, "moved": change["to"]}[change["kind"]]
    return {k: v for k, v in where.items() if v is not None}


def key(change: dict[str, Any]) -> tuple[str, str, int, str]:
    return change["customer_id"], change["segment"], change["episode"], change["kind"]


def at(change: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(change["at"])
