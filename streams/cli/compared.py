"""What `gedrag diff` says: the segments that differ, as a table or as JSON; what a deployment would tell at once; and the names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec
import typer
from rich.table import Table

from scoring.instants import rfc3339
from streams.cli.tables import NARROW, console_of, table
from streams.comparison import GONE, NEW, Comparison, Difference, Pair, Row
from streams.replay import Replay

_DAY = 86_400_000
_KINDS = {"entered": ("entry", "entries"), "exited": ("exit", "exits"), "moved": ("move", "moves")}
_PARTED = {"Come in": "Come\nin", "Fall out": "Fall\nout"}
_STYLES = {NEW: "green", GONE: "red"}

_encode = msgspec.json.Encoder().encode


class Compared(NamedTuple):
    """Two replays that have ended. `first` and `until` (ms) are None without events."""

    comparison: Comparison
    driver: Replay  # either of them: both took in the same
    first: int | None
    until: int | None
    rejected: int

    @property
    def days(self) -> float:
        """One at least: an hour's events don't tell how many changes a day has."""
        return 1.0 if self.first is None or self.until is None else max((self.until - self.first) / _DAY, 1.0)


def write_names(file: BinaryIO, customer_id: str, differences: Iterable[Difference]) -> None:
    """NDJSON, a line for each."""
    for each in differences:
        file.write(_encode({"customer_id": customer_id, **each._asdict()}) + b"\n")


def report(compared: Compared, everything: bool, as_json: bool) -> None:
    """On standard output. `everything`: unchanged segments too."""
    found = compared.comparison.rows()
    shown = [row for row in found if everything or not row.unchanged]
    unchanged = sum(row.unchanged for row in found)
    if as_json:
        typer.echo(json.dumps(_as_json(compared, shown, unchanged), indent=1))
        return
    console = console_of()
    if shown:
        console.print(_table(shown, compared.days, console.width < NARROW))
    if unchanged == len(found):
        console.print("No differences.")
    else:
        if len(shown) < len(found):
            console.print(f"{unchanged:,} of {len(found):,} segments and tiers are unchanged (--all shows them).", soft_wrap=True)
        console.print(_deployment(compared), soft_wrap=True)
    comparison, driver = compared.comparison, compared.driver
    ended = "" if compared.until is None else f" in {compared.days:,.1f} days, until {rfc3339(compared.until)}"
    console.print(
        f"{comparison.customers:,} customers, {driver.events:,} events{ended}; {driver.repeats:,} repeats, {compared.rejected:,} rejected",
        soft_wrap=True,
    )


def _deployment(compared: Compared) -> str:
    comparison, at_once = compared.comparison, compared.comparison.at_once
    said = "nothing changes at once"
    if at_once.all:
        counts = [(at_once.kinds[kind], words) for kind, words in _KINDS.items()]
        kinds = ", ".join(f"{count:,} {words[count > 1]}" for count, words in counts if count)
        said = f"{comparison.changed_at_once:,} of {comparison.customers:,} customers change at once (cause definition): {kinds}"
    old, new = (_rate(flow.all / compared.days) for flow in (comparison.old_flow, comparison.new_flow))
    instead = ", as now" if old == new else f" instead of {old}"
    return f"At deployment {said}; afterwards {new} changes a day{instead}."


def _table(shown: list[Row], days: float, narrow: bool) -> Table:
    heads = ("Customers", "Come in", "Fall out", "At once", "Changes a day")
    made = table("Segment", (_PARTED.get(head, head) if narrow else head for head in heads))
    customers = _arrows([row.customers for row in shown], lambda count: f"{count:,}", NEW, GONE)
    changes = _arrows([row.changes for row in shown], lambda count: _rate(count / days), "-", "-")
    for row, members, a_day in zip(shown, customers, changes, strict=True):
        at_once = f"+{row.entering:,} " * bool(row.entering) + f"-{row.leaving:,}" * bool(row.leaving)
        made.add_row(
            row.name, members, f"{row.come:,}", f"{row.go:,}", at_once.strip() or "0", a_day, style=_STYLES.get(row.definition, "")
        )
    return made


def _arrows(pairs: list[Pair], said: Callable[[int], str], no_old: str, no_new: str) -> Iterator[str]:
    """`1 → 2` for each, one arrow under the other; what stayed the same is said once."""
    texts = [(no_old if old is None else said(old), no_new if new is None else said(new)) for old, new in pairs]
    width = max(len(new) for _, new in texts)
    for old, new in texts:
        yield new if old == new else f"{old} → {new:>{width}}"


def _rate(a_day: float) -> str:
    if a_day >= 10:
        return f"{a_day:,.0f}" if a_day >= 1000 else f"{a_day:.1f}"
    if not a_day:
        return "0"
    return f"{a_day:.2f}" if a_day >= 0.005 else "<0.01"


def _as_json(compared: Compared, shown: list[Row], unchanged: int) -> dict[str, Any]:
    comparison, driver, at_once = compared.comparison, compared.driver, compared.comparison.at_once

    def a_day(old: int | None, new: int | None) -> dict[str, float | None]:
        return {side: None if count is None else round(count / compared.days, 4) for side, count in (("old", old), ("new", new))}

    return {
        "customers": comparison.customers,
        "events": driver.events,
        "days": round(compared.days, 3),
        "until": None if compared.until is None else rfc3339(compared.until),
        "repeats": driver.repeats,
        "rejected": compared.rejected,
        "at_once": {"customers": comparison.changed_at_once, **{kind: at_once.kinds[kind] for kind in _KINDS}},
        "changes_a_day": a_day(comparison.old_flow.all, comparison.new_flow.all),
        "unchanged": unchanged,
        "segments": [
            {
                "segment": row.name,
                "definition": row.definition,
                "customers": row.customers._asdict(),
                "come_in": row.come,
                "fall_out": row.go,
                "at_once": {"in": row.entering, "out": row.leaving},
                "changes_a_day": a_day(*row.changes),
            }
            for row in shown
        ],
    }
