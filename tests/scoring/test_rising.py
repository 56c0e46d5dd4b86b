"""Looks at tiers after an event that can only lift: only what the event can have made true is asked."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.engine import Engine
from scoring.engine.rising import rising_source
from scoring.events.schema import Event, PageView, Purchase
from scoring.segments.read import read
from scoring.state import HOUR, Customer
from scoring.traits.effects import ORDER, PRODUCT_VIEW, SEARCH

START = 1_772_323_200_000  # 2026-03-01

STAGES = """
[[tiers]]
name = "stage"
family = "other"
{settle}
tiers = [
    {{ name = "buyer", when = "purchases >= 1" }},
    {{ name = "looker", when = "product_views(days(30)) >= 3 or searches(days(30)) >= 2" }},
    {{ name = "new" }},
]
"""


def engine(settle: str = "") -> Engine:
    return Engine(read(STAGES.format(settle=settle)))


@pytest.mark.parametrize(("effects", "asked"), [(PRODUCT_VIEW, "product_view_count"), (SEARCH, "search_count"), (ORDER, "order_count")])
def test_source_asks_for_what_was_raised_alone(effects: int, asked: str) -> None:
    source, names, lifted = rising_source(engine().steps.by_index[0], effects)
    counts = {"product_view_count", "search_count", "order_count"}
    assert {count for count in counts if count in source} == {asked}
    assert len(names) == 3 and not lifted


def view(minute: int, **fields: Any) -> PageView:
    return PageView("c", START + minute * 60_000, **fields)


def moves(judge: Engine, *events: Event) -> list[tuple[str | None, str]]:
    out: list[Any] = []
    state: Customer | None = None
    for event in events:
        state = judge.event(state, event, out) or state
    assert state is not None
    judge.until(state, START + 30 * HOUR, out, "c")
    return [(entry[3], entry[4]) for entry in out]


@pytest.mark.parametrize("settle", ["", 'settle = "1h"'])
def test_each_of_what_lifts_is_noticed(settle: str) -> None:
    judge = engine(settle)
    views = [view(minute, product_id=f"p{minute}", page_type="product") for minute in range(3)]
    searches = [view(minute, page_type="search") for minute in range(2)]
    order = Purchase("c", START + 5 * 60_000, "o1", False, 100)
    assert moves(judge, *views) == [(None, "new"), ("new", "looker")]
    assert moves(judge, *searches) == [(None, "new"), ("new", "looker")]
    assert moves(judge, *searches, order)[-1][1] == "buyer"
    assert moves(judge, view(0), order) == [(None, "new"), ("new", "buyer")]


def test_who_waits_for_a_tier_is_lifted_further() -> None:
    judge = engine('settle = "1h"')
    views = [view(minute, product_id=f"p{minute}", page_type="product") for minute in range(4)]
    order = Purchase("c", START + 30 * 60_000, "o1", False, 100)
    assert moves(judge, *views, order) == [(None, "new"), ("new", "buyer")]
