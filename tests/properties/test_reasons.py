"""What a change says of itself: the values its definition read at that instant, and words for every shape of condition."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from scoring.events.schema import Event
from scoring.segments.model import Definitions
from scoring.traits.catalog import CORE
from tests.properties.driving import Driven
from tests.properties.profiles import searching
from tests.properties.recount import recount
from tests.properties.strategies import definitions, gaps, in_order


@searching(120)
@given(in_order(), definitions(max_size=3), gaps)
def test_attributes_are_the_values_at_the_instant_of_the_change(events: list[Event], defined: Definitions, further: int) -> None:
    until = events[-1].ts + further
    driven, counted = Driven(defined).run(events, until), recount(events, defined, until)
    values = {(c.segment, c.episode, c.kind): seen for c, seen in zip(counted.changes, counted.seen, strict=True)}
    assert len(values) == len(driven.out)
    for entry in driven.out:
        record = json.loads(driven.engine.render(entry, "c1", None)[1])
        assert isinstance(record["reason"], str) and record["reason"]
        expected = values[record["segment"], record["episode"], record["kind"]]
        found = record["attributes"]
        assert expected.keys() <= found.keys()
        for text, value in expected.items():
            duration = CORE[text.partition("(")[0]].kind == "duration"
            assert found[text] == (pytest.approx(value / (1000 if duration else 1), rel=1e-9) if value is not None else None), text
