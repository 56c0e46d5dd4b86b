"""Events that are handed over arrive as they were, with the whole record where there is one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from scoring.events.rows import from_row
from scoring.events.schema import WHOLE
from scoring.merge.handover import happening, packed, read, value
from scoring.traits.catalog import TRAITS

ROWS: list[dict[str, Any]] = [
    {"event_type": "page_view", "product_id": "p", "price": 12.5, "url": "/p", "benefit": "usp", "country": "NL"},
    {"event_type": "page_view", "page_type": "help", "query": "stuk"},
    {"event_type": "cart_add", "product_id": "p", "quantity": 2, "price": 9.995},
    {"event_type": "purchase", "order_id": "o", "total": 20, "coupon": "ten", "lines": [{"product_id": "p", "quantity": 1, "price": 20}]},
    {"event_type": "feedback", "kind": "nps", "score": 9, "text": "goed"},
    {"event_type": "profile", "country": "BE"},
    {"event_type": "email_opened", "message_id": "m"},
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["event_type"])
@pytest.mark.parametrize("whole", [True, False])
def test_an_event_comes_out_as_it_went_in(row: dict[str, Any], whole: bool) -> None:
    ranks = WHOLE & {rank for trait in TRAITS for rank in trait.folders}
    event = from_row({"customer_id": "a", "ts": 1_772_000_000_000} | row, whole=ranks if whole else ())
    body = packed(event, ["page_view", 1, "page-views", 0, 0])  # type: ignore[arg-type]
    receiver, record = value([9, 1, "b", 3, ["a"], 0, event.ts, body], "a")
    got = happening(read(record).body, "b")
    assert receiver == "b" and got.customer_id == "b"
    assert msgspec.structs.replace(got, customer_id="a") == event
