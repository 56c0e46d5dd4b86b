"""A change's record: the contract's fields in its order, whatever was rendered before it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scoring.engine import Engine
from scoring.engine.changes import DEADLINE, ERASURE, EVENT, UNDEFINED
from scoring.segments.read import read

AT = 1_767_225_600_000
DEFINITIONS = """
[[segment]]
name = "viewer"
family = "engagement"
when = "page_views >= 1"
"""
FIELDS = "change_id customer_id segment family kind from to at cause episode definition reason attributes event detected_at".split()


@pytest.fixture
def engine() -> Engine:
    return Engine(read(DEFINITIONS))


def entry(cause: int = EVENT, values: Any = (1,), at: int = AT, origin: list[Any] | None = None, index: int = 0) -> list[Any]:
    made = [0, index, 0, None, None, at, cause, 1, values if values is None else list(values)]
    return made if origin is None else [*made, origin]


def rendered(engine: Engine, each: list[Any], customer: str = "c1", detected_at: int | None = AT + 5) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(engine.render(each, customer, detected_at)[1])
    return record


def test_all_that_is_said_in_the_contracts_order(engine: Engine) -> None:
    record = rendered(engine, entry(origin=["page_view", AT, "shop.page-views", 3, 17]))
    assert list(record) == FIELDS
    assert record["event"] == {
        "event_type": "page_view",
        "ts": "2026-01-01T00:00:00.000Z",
        "topic": "shop.page-views",
        "partition": 3,
        "offset": 17,
    }
    assert (record["segment"], record["kind"], record["from"], record["to"]) == ("viewer", "entered", None, None)
    assert (record["at"], record["detected_at"]) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.005Z")
    assert record["attributes"] == {"page_views": 1} and record["reason"]


def test_nothing_of_the_one_before_stays(engine: Engine) -> None:
    origin = ["page_view", AT, "views", 0, 1]
    first = rendered(engine, entry(origin=origin))
    assert rendered(engine, entry(origin=origin), "c2")["customer_id"] == "c2"
    late = rendered(engine, entry(at=AT + 1, origin=origin))
    assert late["at"] != first["at"] and late["event"] == first["event"]
    assert rendered(engine, entry(origin=["page_view", AT, "views", 0, 2]))["event"]["offset"] == 2
    assert rendered(engine, entry(DEADLINE))["event"] is None
    assert rendered(engine, entry(DEADLINE), detected_at=AT + 9)["detected_at"].endswith(".009Z")
    assert "detected_at" not in rendered(engine, entry(DEADLINE), detected_at=None)
    assert rendered(engine, entry(origin=origin)) == first


@pytest.mark.parametrize("values", [(1,), (1.5,), (True,), (None,)])
def test_values_that_are_equal_are_told_each_in_its_own_way(engine: Engine, values: tuple[Any, ...]) -> None:
    for others in ((1,), (1.0,), (True,)):
        rendered(engine, entry(values=others))
    shown = rendered(engine, entry(values=values))["attributes"]["page_views"]
    assert (shown, type(shown)) == (values[0], type(values[0]))


def test_of_a_segment_that_is_no_longer_defined_and_of_who_is_no_customer_any_more(engine: Engine) -> None:
    gone = rendered(engine, entry(values=("old", "loyalty", "abc"), index=UNDEFINED))
    assert (gone["segment"], gone["family"], gone["definition"], gone["reason"], gone["attributes"]) == (
        "old", "loyalty", "abc", "no longer defined", {},
    )  # fmt: skip
    forgotten = rendered(engine, entry(ERASURE, values=None))
    assert (forgotten["reason"], forgotten["attributes"]) == ("forgotten", {})


def test_a_customers_id_may_be_anything(engine: Engine) -> None:
    for customer in ('"', "\\", "%b%d", "é\n", "😀", ""):
        topic, value, headers = engine.render(entry(), customer, AT)
        assert json.loads(value)["customer_id"] == customer and dict(headers)["ce_subject"] == customer.encode()
        assert topic == "segment-changes"
