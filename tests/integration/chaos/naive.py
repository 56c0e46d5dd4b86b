"""A second judge that shares nothing with the engine: the recount by brute force of the property tests, for some of the customers."""

from __future__ import annotations

from typing import Any

from scoring.events.instants import epoch_ms
from scoring.segments.read import read
from tests.integration.chaos.tally import Tally
from tests.integration.worker.recount import Outcome
from tests.integration.worker.running import DEFINITIONS
from tests.properties.driving import by_evaluation
from tests.properties.recount import Change, recount

#: Customers judged in a round, and the most events one may have: brute force takes the square of them.
MOST = 40
LONGEST = 150


def judged(tally: Tally, events: dict[str, list[Any]], got: Outcome, end: int) -> list[object]:
    """Customers whose changes up to `end` are others than the brute force says."""
    definitions = read(DEFINITIONS.read_text())
    chosen = [customer for customer, theirs in events.items() if len(theirs) <= LONGEST][:MOST]
    tally.naive_customers += len(chosen)
    wrong: list[object] = []
    for customer in chosen:
        told = [_plain(got.changes[name]) for name in got.order.get(customer, [])]
        ought = [change for change in recount(events[customer], definitions, end).changes if change.at <= end]
        if by_evaluation([change for change in told if change.at <= end]) != by_evaluation(ought):
            wrong.append((customer, ought, told))
    return wrong


def _plain(change: dict[str, Any]) -> Change:
    return Change(
        change["segment"], change["kind"], change["from"], change["to"], epoch_ms(change["at"]), change["cause"], change["episode"]
    )
