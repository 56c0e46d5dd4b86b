"""What `gedrag replay` says at its end: the segments' members, and what campaigns came to; as tables, or as JSON."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import typer
from rich.console import Console

from scoring.instants import rfc3339
from streams.backtest import DECISIONS, SEND, Count, Key, Tally
from streams.cli.tables import NARROW, console_of, table
from streams.membership import membership
from streams.replay import Replay

_PARTED = {
    "Variant": "Vari-\nant", "Customers": "Cus-\ntomers", "% of total": "% of\ntotal", "Held out": "Held\nout",
    "Suppressed": "Sup-\npressed", "Cancelled": "Can-\ncelled", "Messages": "Mes-\nsages",
}  # fmt: skip
_NO_ADDRESS = "no_address"
_ASSUMED = "Assumed: every customer has an address and consented, until an event says otherwise (--assume-consent)."


class Outcome(NamedTuple):
    """A replay that has ended. `tally` is None without campaigns; `until` None without events."""

    driver: Replay
    tally: Tally | None
    until: int | None
    rejected: int
    assume_consent: bool = False
    robots: int = 0  # counted apart

    @property
    def customers(self) -> int:
        """Those that are no robots."""
        return len(self.driver.customers) - self.robots

    def percent(self, customers: int) -> float:
        """Of the customers there are."""
        return round(100 * customers / self.customers, 2) if self.customers else 0.0


def report(outcome: Outcome, as_json: bool) -> None:
    """JSON on standard output, or tables on standard error."""
    counts = membership(outcome.driver.engine, outcome.driver.customers.values())
    apart = outcome.driver.engine.definitions.robots
    if apart is not None:
        outcome = outcome._replace(robots=counts[apart])
    if as_json:
        typer.echo(json.dumps(_as_json(outcome, counts), indent=1))
        return
    console = console_of(stderr=True)
    members = table("Segment", ("Customers", "% of total"))
    for name, count in counts.items():
        if name != apart:
            members.add_row(name, f"{count:,}", f"{outcome.percent(count):.2f}")
    if apart is not None:
        members.add_section()
        members.add_row(apart, f"{outcome.robots:,}", "apart")
    console.print(members)
    if outcome.tally is not None:
        _print_campaigns(console, outcome, outcome.tally)
    driver = outcome.driver
    ended = "" if outcome.until is None else f", until {rfc3339(outcome.until)}"
    console.print(
        f"{outcome.customers:,} customers, {driver.events:,} events, {driver.changes:,} changes; "
        f"{driver.repeats:,} repeats, {outcome.rejected:,} rejected{ended}",
        soft_wrap=True,
    )


def _print_campaigns(console: Console, outcome: Outcome, tally: Tally) -> None:
    parted = _PARTED if console.width < NARROW else {}
    counts = tally.by_decision()
    varied = any(key.variant for key in counts)
    heads = ("Step", *(("Variant",) if varied else ()), "Sent", "Customers", "% of total", "Held out", "Suppressed", "Cancelled")
    steps = table("Campaign", (parted.get(head, head) for head in heads))
    for (campaign, step, variant), decided in _by_step(counts).items():
        sent = decided.get(SEND, Count())
        others = (f"{decided[each].messages:,}" if each in decided else "0" for each in DECISIONS[1:])
        reached, names = len(sent.customers), (variant or "",) if varied else ()
        steps.add_row(campaign, str(step), *names, f"{sent.messages:,}", f"{reached:,}", f"{outcome.percent(reached):.2f}", *others)
    heads = ("Decision", "Rule", "Messages", "Customers", "% of total")
    rules = table("Campaign", (parted.get(head, head) for head in heads), left=2)
    rules.columns[1].no_wrap = True
    for key, count in tally.rules().items():
        stopped, rule = len(count.customers), key.reason or "hold_out"
        rules.add_row(key.campaign, key.decision, rule, f"{count.messages:,}", f"{stopped:,}", f"{outcome.percent(stopped):.2f}")
    for title, each in (("What would have been sent", steps), ("What each rule stopped", rules)):
        if each.row_count:
            console.print(f"\n{title}")
            console.print(each)
    if never := tally.never_started():
        console.print(f"Never started: {', '.join(never)}", soft_wrap=True)
    if outcome.assume_consent:
        console.print(_ASSUMED, soft_wrap=True)
    elif tally.stopped_by(_NO_ADDRESS) and not tally.sent_to():
        console.print("Nobody has an address in these files: --assume-consent tries the campaigns as if everybody had one.", soft_wrap=True)


def _by_step(counts: dict[Key, Count]) -> dict[tuple[str, int, str | None], dict[str, Count]]:
    steps: dict[tuple[str, int, str | None], dict[str, Count]] = {}
    for key, count in counts.items():
        steps.setdefault((key.campaign, key.step, key.variant), {})[key.decision] = count
    return steps


def _as_json(outcome: Outcome, counts: dict[str, int]) -> dict[str, Any]:
    driver, tally = outcome.driver, outcome.tally
    found: dict[str, Any] = {
        "customers": outcome.customers,
        "events": driver.events,
        "changes": driver.changes,
        "until": None if outcome.until is None else rfc3339(outcome.until),
        "repeats": driver.repeats,
        "rejected": outcome.rejected,
        "membership": [{"segment": name, "customers": counts[name], "percent": outcome.percent(counts[name])} for name in sorted(counts)],
    }
    if outcome.driver.engine.definitions.robots is not None:
        found["robots"] = outcome.robots
    if tally is not None:
        found["assumed_consent"] = outcome.assume_consent
        found["mailed"] = len(tally.sent_to())
        found["decisions"] = [
            {
                **key._asdict(),
                "messages": count.messages,
                "customers": len(count.customers),
                "percent": outcome.percent(len(count.customers)),
            }
            for key, count in tally.by_reason().items()
        ]
    return found
