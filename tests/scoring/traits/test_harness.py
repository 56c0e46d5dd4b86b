"""The harness against the core, whose attributes are recounted elsewhere: it must agree with what is right, and see what is wrong."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

ROWS = [
    row("page_view", product_id=st.sampled_from("ab")),
    row("purchase", total=st.integers(1, 9)),
    row("cart_add", product_id=st.just("a")),
]
ROWS[2] = ROWS[2].map(lambda one: one | {"product_id": "a"})


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    views = [one for one in rows if one["event_type"] == "page_view"]
    bought = [one["ts"] for one in rows if one["event_type"] == "purchase"]
    return {"page_views": len(views), "since_last_purchase": now - max(bought) if bought else None, "checkout_open": False}


CONDITIONS = ["since_last_purchase >= hours(5)", "purchases(days(3)) >= 1", "engagement >= 6"]


@searching(20)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_what_is_right_holds(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)


def test_what_is_wrong_is_seen() -> None:
    rows: list[Row] = [{"event_type": "page_view", "ts": 1_772_409_600_000 + n} for n in range(3)]
    with pytest.raises(AssertionError, match="page_views, in order"):
        Trial(rows, lambda rows, now: {"page_views": 2}).holds(Random(1))
