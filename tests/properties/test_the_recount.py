"""The recount itself, held to what another program found by brute force on real shops."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from scoring.events.schema import Event
from scoring.segments.read import read
from streams.files import read_events
from tests.contracts.expected import Case, cases, changes
from tests.properties.profiles import LONG
from tests.properties.recount import Change, recount

CASES = list(cases())
SOME = 10_000 if LONG else 4


def ms(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


@cache
def happened(source: Path) -> list[Event]:
    """What a file tells; several cases have the same."""
    return [event for event, _ in read_events([str(source)], "EUR", lambda rejected: pytest.fail(str(rejected)))]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_recount_finds_what_was_found_before(case: Case) -> None:
    definitions = read(case.definitions.read_text(encoding="utf-8"))
    expected = defaultdict(list)
    for c in changes(case.expected):
        expected[c["customer_id"]].append(Change(c["segment"], c["kind"], c["from"], c["to"], ms(c["at"]), c["cause"], c["episode"]))
    events: dict[str, list[Event]] = defaultdict(list)
    for event in happened(case.input):
        if event.ts <= ms(case.until):
            events[event.customer_id].append(event)
    chosen = [c for c in sorted(events) if len(events[c]) <= (10_000 if LONG else 150)]
    random.Random(1).shuffle(chosen)
    for customer in chosen[:SOME]:
        found = recount(sorted(events[customer], key=lambda e: (e.ts, e.rank)), definitions, ms(case.until)).changes
        alike(found, expected[customer], case)


def alike(found: list[Change], expected: list[Change], case: Case) -> None:
    """The same changes; instants of segments that read engagement may be a second apart."""
    one, two = (sorted(of, key=lambda c: (c.segment, c.episode, c.kind)) for of in (found, expected))
    assert [c._replace(at=0) for c in one] == [c._replace(at=0) for c in two]
    for a, b in zip(one, two, strict=True):
        assert abs(a.at - b.at) <= (1000 if a.segment in case.loose else 0), (a, b)
