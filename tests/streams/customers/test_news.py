"""News of products finds customers in states at rest, and few of them are expanded for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.events.schema import PRODUCT_NEWS, News
from scoring.segments.read import read
from scoring.state import encode
from streams.customers import changelog, news
from streams.customers.alignment import Item
from streams.customers.partition import Partition

NOW = 1_772_000_000_000
ENGINE = Engine(read('[[segment]]\nname = "cheaper"\nfamily = "purchase_habits"\nwhen = "price_drops >= 1"\n'))


def stored(*products: str) -> bytes:
    state = None
    for place, product in enumerate(products):
        row = {"event_type": "page_view", "customer_id": "c", "ts": NOW + place * 1_000, "product_id": product, "price": 12.5}
        state = ENGINE.event(state, from_row(row, whole=ENGINE.whole), [])
    assert state is not None
    return changelog.value(1, state.due, state.definitions, encode(state))


def said(product: str, offset: int = 0) -> Item:
    return NOW + 60_000, PRODUCT_NEWS, offset, b"", News("", NOW + 60_000, product, product, 900, 1_250, None, None)


def hear(partition: Partition, *items: Item) -> dict[bytes, list[str]]:
    """Who is given news of what."""
    customers: dict[bytes, list[Item]] = {}
    for _ in news.spread(list(items), partition.states, customers, frozenset(), set()):
        pass
    return {key: [item[4].product_id for item in theirs] for key, theirs in customers.items()}


@pytest.fixture
def expanded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The values that are expanded."""
    found: list[bytes] = []
    body: Callable[[bytes], bytes] = changelog.body
    monkeypatch.setattr(news, "body", lambda value: (found.append(value), body(value))[1])
    return found


def test_each_is_expanded_once_and_then_only_whoever_may_want_it(expanded: list[bytes]) -> None:
    partition = Partition(0, {b"c%d" % n: stored(f"p{n}", f"q{n}") for n in range(200)})
    assert hear(partition, said("p7"), said("q9", 1)) == {b"c7": ["p7"], b"c9": ["q9"]}
    assert len(expanded) == 200
    del expanded[:]
    assert hear(partition, said("q7")) == {b"c7": ["q7"]}
    assert hear(partition, said("unknown")) == {}
    assert 1 <= len(expanded) < 40, "two products in 63 bits"


def test_a_deadline_later_it_still_knows_and_a_state_written_anew_is_asked_again(expanded: list[bytes]) -> None:
    partition = Partition(0, {b"c": stored("p")})
    hear(partition, said("other"))
    partition.states[b"c"] = changelog.with_due(partition.states[b"c"], NOW + 5)
    del expanded[:]
    assert hear(partition, said("p")) == {b"c": ["p"]} and len(expanded) == 1
    partition.states[b"c"] = stored("p", "other")
    assert hear(partition, said("other")) == {b"c": ["other"]}


def test_nobody_else_sees_that_it_was_asked() -> None:
    partition = Partition(0, {b"c": stored("p")})
    before = partition.record(b"c")
    hear(partition, said("p"))
    assert partition.states[b"c"] != before and partition.record(b"c") == before
    partition.open.append((5, {b"c": [[0, "entry"]]}))
    record = partition.record(b"c")
    assert record is not None and changelog.outbox_of(record) == [[5, [0, "entry"]]] and changelog.without_outbox(record) == before
