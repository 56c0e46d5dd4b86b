"""A made-up change, to see whether an endpoint takes what it is sent."""

from __future__ import annotations

import uuid

import msgspec

from scoring.instants import rfc3339
from streams.sinks.webhook import Webhook


def webhook(now: int) -> Webhook:
    """As any other, but of type gedrag.test, with an id that is nobody's change. `now`: epoch ms."""
    number = str(uuid.uuid4())
    at = rfc3339(now)
    data = {
        "change_id": number, "customer_id": "test", "segment": "cart_abandoned", "family": "purchase_habits", "kind": "entered",
        "from": None, "to": None, "at": at, "cause": "deadline", "episode": 1, "definition": "0000000000000000",
        "reason": "cart_items 2 > 0, cart_idle 1h >= 1h", "attributes": {"cart_items": 2, "cart_idle": 3600.0}, "event": None,
    }  # fmt: skip
    return Webhook(f"test_{number}", msgspec.json.encode({"type": "gedrag.test", "timestamp": at, "data": data}))
